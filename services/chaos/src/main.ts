/**
 * The chaos service: the scheduler follows the plan, the injector injects. The only program with
 * the engine socket.
 */
import { createLogger, runService } from '@encore/kit';
import { readChaosConfig } from './config.ts';
import { startChaos } from './start-chaos.ts';

const logger = createLogger('chaos');
await runService(logger, async () => {
  const config = readChaosConfig(process.env);
  logger.level = config.logLevel;
  return startChaos(config, logger);
});
