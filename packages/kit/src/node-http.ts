/**
 * What our servers need of Node's `http`, taken without an import: `node:http` also names a WebSocket, and a module that imports it
 * loads all of undici for that, which would be a tenth of a program's whole start.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
