/** The entry point of the server under test: settings, logger, server, signals. */
import { createLogger, runService } from '@encore/kit';
import { readSettings } from './config.ts';
import { startServer } from './start-server.ts';

const logger = createLogger('server', process.env['ENCORE_LOG_LEVEL'] || 'info');
await runService(logger, () => startServer(readSettings(process.env), logger), 9_000);
