/** The guard: the only program with the engine's socket. */
import { createLogger, runService } from '@encore/kit';
import { readGuardConfig } from './config.ts';
import { startGuard } from './start-guard.ts';

const logger = createLogger('guard');
await runService(logger, async () => {
  const config = readGuardConfig(process.env);
  logger.level = config.logLevel;
  return startGuard(config, logger);
});
