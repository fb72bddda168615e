/**
 * Protects what the load generator needs from a workload that replaces it, such as JSON.parse or
 * setTimeout: a changed global would look like a failure of the system. What this code calls was
 * captured before, because the workload may have replaced that, too.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const { defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const toText = String;

const functions = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
  ...['queueMicrotask', 'structuredClone', 'performance', 'URL', 'AbortController', 'AbortSignal', 'Buffer', 'process'],
];
const classes = ['Object', 'Array', 'Promise', 'Map', 'Set', 'JSON', 'Math', 'Date', 'String', 'Number', 'RegExp'];
/** What is added to these appears in every object, or hides what the prototype has. */
const closed = ['Object.prototype', 'Array.prototype', 'performance'];

/** `keys` has the keys that it had; without a prototype, because that may change. */
interface Closed {
  owner: object;
  name: string;
  keys: Record<PropertyKey, true>;
}

interface Property {
  owner: object;
  key: PropertyKey;
  name: string;
  descriptor: PropertyDescriptor;
}

/** Returns a function that restores what was changed in the meantime, and returns its names. */
export function guardGlobals(): () => string[] {
  const known: Property[] = [];
  const full: Closed[] = [];
  const watch = (owner: object, key: PropertyKey, name: string) => {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    if (descriptor?.configurable === true) known.push({ owner, key, name, descriptor });
  };
  const watchAll = (owner: object, name: string) => {
    for (const key of ownKeys(owner)) watch(owner, key, `${name}.${toText(key)}`);
    if (!closed.includes(name)) return;
    const keys = Object.create(null);
    for (const key of ownKeys(owner)) keys[key] = true;
    full.push({ owner, name, keys });
  };
  for (const key of [...functions, ...classes]) watch(globalThis, key, key);
  for (const name of classes) {
    const owner = Reflect.get(globalThis, name) as object & { prototype?: object };
    watchAll(owner, name);
    if (owner.prototype !== undefined) watchAll(owner.prototype, `${name}.prototype`);
  }
  watchAll(performance, 'performance');
  return () => restored(known, full);
}

function restored(known: Property[], full: Closed[]): string[] {
  const changed: string[] = [];
  for (let i = 0; i < known.length; i += 1) {
    const { owner, key, name, descriptor } = known[i] as Property;
    const now = getOwnPropertyDescriptor(owner, key);
    if (now !== undefined && now.value === descriptor.value && now.get === descriptor.get) continue;
    defineProperty(owner, key, descriptor);
    changed[changed.length] = name;
  }
  for (let i = 0; i < full.length; i += 1) {
    const { owner, name, keys } = full[i] as Closed;
    const now = ownKeys(owner);
    for (let k = 0; k < now.length; k += 1) {
      const key = now[k] as PropertyKey;
      if (keys[key] === true) continue;
      deleteProperty(owner, key);
      changed[changed.length] = `${name}.${toText(key)}`;
    }
  }
  return changed;
}

/** What is wrong, and where in the workload's file if its text shows that. */
export function problemOfGlobals(
  names: readonly string[],
  workload: string,
): { problem: string; location: string | null } {
  const file = fileURLToPath(workload);
  const member = names[0]?.split('.').at(-1) ?? '';
  const lines = readFileSync(file, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(member) && line.includes('='));
  const problem = `it changes ${names.slice(0, 5).join(', ')}, which the load generator needs; change nothing global`;
  return { problem, location: index < 0 ? null : `${basename(file)}:${index + 1}` };
}
