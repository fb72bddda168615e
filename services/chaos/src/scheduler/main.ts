/** The scheduler of faults. It has no socket and no power of its own: it asks the guard. */
import { createLogger, runService } from '@encore/kit';
import { readChaosConfig } from './config.ts';
import { startChaos } from './start-chaos.ts';

const logger = createLogger('chaos');
await runService(logger, async () => {
  const config = readChaosConfig(process.env);
  logger.level = config.logLevel;
  return startChaos(config, logger);
});
