/**
 * Loaded before a program by `--import`: writes each path that it gives to the file system, one a line in JSON, to the file that
 * its own URL names (`?to=`). Its child processes inherit it. What Node itself loads as modules goes another way.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...args: unknown[]) => unknown;

const log = fs.openSync(new URL(import.meta.url).searchParams.get('to') ?? '', 'a');
const write = fs.writeSync;
const takesTwoPaths = /^(rename|link|symlink|copyFile|cp)(Sync)?$/;
const decoder = new TextDecoder();

function tell(path: unknown): void {
  if (typeof path === 'string' || path instanceof URL) write(log, `${JSON.stringify(String(path))}\n`);
  else if (path instanceof Uint8Array) write(log, `${JSON.stringify(decoder.decode(path))}\n`);
}

function listenTo(api: Record<string, unknown>): void {
  for (const [name, original] of Object.entries(api)) {
    // Those with a capital are classes.
    if (typeof original !== 'function' || !/^[a-z]/.test(name)) continue;
    const told: Call = (...args) => {
      tell(args[0]);
      if (takesTwoPaths.test(name)) tell(args[1]);
      return (original as Call)(...args);
    };
    api[name] = Object.assign(told, original);
  }
}

listenTo(fs as unknown as Record<string, unknown>);
listenTo(fs.promises as unknown as Record<string, unknown>);
syncBuiltinESMExports();
