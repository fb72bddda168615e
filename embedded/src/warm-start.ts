/**
 * Preloaded by each program of the lab. Writes Node's compile cache once the program is up, because
 * Node writes it only on an orderly exit and a program that keeps crashing would never start fast.
 */
import { flushCompileCache } from 'node:module';

setTimeout(flushCompileCache, 1_000).unref();
