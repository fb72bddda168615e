/**
 * Loaded before each program of the lab: writes Node's compile cache once the program is up. Node itself writes it only at an
 * orderly end, and a program that is crashed again and again would never start fast.
 */
import { flushCompileCache } from 'node:module';

setTimeout(flushCompileCache, 1_000).unref();
