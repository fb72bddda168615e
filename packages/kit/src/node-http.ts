/**
 * The parts of `node:http` that the servers use, obtained without an import. Importing `node:http`
 * also loads undici for its WebSocket export, which costs a tenth of a program's start-up time.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
