/**
 * Our server with the conformance suite's tools instead of its own. Everything else is shipped
 * code.
 */
import { createLogger, runService } from '@encore/kit';
import { readSettings } from '../../../services/server/src/config.ts';
import { startServer } from '../../../services/server/src/start-server.ts';
import { fixtureMcp } from '../../../services/server/src/testing/conformance/fixture-mcp.ts';
import { keepSessions } from '../../../services/server/src/testing/conformance/fixture-sessions.ts';

const logger = createLogger('server', process.env['ENCORE_LOG_LEVEL'] ?? 'info');
const mcp = { factory: fixtureMcp, sessions: keepSessions(fixtureMcp) };
await runService(logger, () => startServer(readSettings(process.env), logger, mcp), 9_000);
