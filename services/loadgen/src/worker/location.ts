/** Describes an exception of a workload, with the place in its folder that it came from. */
import { Session } from 'node:inspector';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeSetOf } from '@encore/workload/defined-at';

export interface Located {
  problem: string;
  /** Such as `encore.workload.mts:12:5`, relative to the workload's folder; null if unknown. */
  location: string | null;
}

const maxProblem = 500;

/**
 * `workload` is the URL of the workload's file. `elsewhere` returns a stack for an exception that
 * has no place in the workload, such as one that the engine throws because a value is wrong.
 */
export function locationOf(error: unknown, workload: string, elsewhere: () => string | null = () => null): Located {
  const [problem, stack] =
    error instanceof Error ? [`${error.name}: ${error.message}`, error.stack] : [`threw ${String(error)}`, undefined];
  const location = innermost(stack ?? '', workload) ?? innermost(elsewhere() ?? '', workload);
  return { problem: problem.slice(0, maxProblem), location };
}

/** Returns file and place if the file is in the workload's folder and not of a library. */
export function placeOf(url: string, place: string, workload: string): string | null {
  const folder = folderOf(workload);
  if (!url.startsWith(folder) || url.includes('/node_modules/')) return null;
  return `${fileURLToPath(url).slice(fileURLToPath(folder).length)}:${place}`;
}

/** The path of a place in the workload's folder; that of its file if the place is unknown. */
export function pathOfPlace(location: string | null, workload: string): string {
  const file = fileURLToPath(workload);
  return join(dirname(file), location ?? basename(file));
}

/** File, line and column of the definition of a function in the workload; null if unknown. */
export function placeOfCode(code: (...inputs: never[]) => unknown, workload: string): string | null {
  return innermost(frameOf(code) ?? '', workload);
}

/** The definition of a function, as a line of a stack; null if unknown. */
export function frameOf(code: (...inputs: never[]) => unknown): string | null {
  const set = placeSetOf(code);
  if (set !== null) return set;
  const session = new Session();
  session.connect();
  const urls = new Map<string, string>();
  const key = Symbol.for('encore.frameOf');
  let frame: string | null = null;
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
  try {
    Object.assign(globalThis, { [key]: code });
    session.post('Debugger.enable');
    session.post('Runtime.evaluate', { expression: `globalThis[Symbol.for('encore.frameOf')]` }, (_, evaluated) => {
      const objectId = evaluated.result.objectId ?? '';
      session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, { internalProperties = [] }) => {
        const place = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value;
        if (place === undefined) return;
        const { scriptId, lineNumber, columnNumber } = place;
        frame = `at ${urls.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1}`;
      });
    });
    return frame;
  } finally {
    session.disconnect();
    Reflect.deleteProperty(globalThis, key);
  }
}

/** URL of the folder, with a slash at its end. */
export function folderOf(workload: string): string {
  return `${dirname(workload)}/`;
}

/** The innermost frame within the workload's folder. */
function innermost(stack: string, workload: string): string | null {
  for (const line of stack.split('\n')) {
    const [, url = '', place = ''] = /(file:\/\/\/[^()]+?):(\d+:\d+)\)?$/.exec(line.trim()) ?? [];
    const found = placeOf(url, place, workload);
    if (found !== null) return found;
  }
  return null;
}
