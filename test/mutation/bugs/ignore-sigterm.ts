/** The server ignores SIGTERM. */
import { startServer as right } from '../../../services/server/src/start-server.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/start-server.ts';

export const startServer: typeof right = async (settings, logger) => {
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', () => trigger());
  return right(settings, logger);
};
