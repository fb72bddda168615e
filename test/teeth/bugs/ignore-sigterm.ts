/** The server ignores SIGTERM. */
import { startServer as right } from '../../../services/server/src/start-server.ts';
import { hit } from '../hits.ts';

export * from '../../../services/server/src/start-server.ts';

export const startServer: typeof right = async (settings, logger) => {
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', () => hit());
  return right(settings, logger);
};
