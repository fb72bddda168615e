/**
 * Loaded into a program with `--import`. Logs each path that the program passes to the file system,
 * one JSON string per line, to the file in the URL parameter `to`. Child processes inherit it.
 * Paths of modules that Node loads are not logged.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...args: unknown[]) => unknown;

const log = fs.openSync(new URL(import.meta.url).searchParams.get('to') ?? '', 'a');
const write = fs.writeSync;
const takesTwoPaths = /^(rename|link|symlink|copyFile|cp)(Sync)?$/;
const decoder = new TextDecoder();

function record(path: unknown): void {
  if (typeof path === 'string' || path instanceof URL) write(log, `${JSON.stringify(String(path))}\n`);
  else if (path instanceof Uint8Array) write(log, `${JSON.stringify(decoder.decode(path))}\n`);
}

function instrument(api: Record<string, unknown>): void {
  for (const [name, original] of Object.entries(api)) {
    // Names with a capital letter are classes.
    if (typeof original !== 'function' || !/^[a-z]/.test(name)) continue;
    const logged: Call = (...args) => {
      record(args[0]);
      if (takesTwoPaths.test(name)) record(args[1]);
      return (original as Call)(...args);
    };
    api[name] = Object.assign(logged, original);
  }
}

instrument(fs as unknown as Record<string, unknown>);
instrument(fs.promises as unknown as Record<string, unknown>);
syncBuiltinESMExports();
