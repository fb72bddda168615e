/** Loaded into Mocha and into each of its workers before the first test file. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { RootHookObject } from 'mocha';

/**
 * Every Node that a test starts inherits the cache of compiled code. A program of the lab then starts with 0.33 s of CPU time
 * instead of 0.60 s. Entries are keyed by content and by the version of Node.
 */
const cache = join(import.meta.dirname, '../../node_modules/.cache/encore-compile');
process.env['NODE_COMPILE_CACHE'] ??= cache;
enableCompileCache(process.env['NODE_COMPILE_CACHE']);

/** Mocha ignores a rejection that nobody handles. A hook, because a worker removes all listeners after each file. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    process.on('unhandledRejection', raise);
  },
};

/** In a later tick: thrown out of a listener of rejections, it would end the process before the report. */
function raise(reason: unknown): void {
  process.nextTick(() => {
    throw reason;
  });
}
