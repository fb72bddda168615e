/** Loaded into Mocha and each of its workers before the first test file. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { RootHookObject } from 'mocha';

/**
 * Every Node that a test starts shares a compile cache, with which a program of the lab starts in
 * 0.33 s of CPU time instead of 0.60 s. Entries are keyed by content and Node version.
 */
const cache = join(import.meta.dirname, '../../node_modules/.cache/encore-compile');
process.env['NODE_COMPILE_CACHE'] ??= cache;
enableCompileCache(process.env['NODE_COMPILE_CACHE']);

/**
 * Fails on unhandled rejections, which Mocha ignores. A hook, because a worker removes all
 * listeners after each file.
 */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    process.on('unhandledRejection', raise);
  },
};

/**
 * Throws in a later tick: thrown from a rejection listener, the error would end the process before
 * the report.
 */
function raise(reason: unknown): void {
  process.nextTick(() => {
    throw reason;
  });
}
