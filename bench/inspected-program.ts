/**
 * Measures the heap of a running program of the lab through Node's inspector, which SIGUSR1 opens,
 * so that the shipped programs need no code for it. The program must be started with `inspectable`
 * in its environment, and its output must go to a file.
 *
 *   SIGUSR1 ──▶ "Debugger listening on ws://127.0.0.1:…" in the log ──▶ script that measures
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { HeapSpaceInfo } from 'node:v8';
import { waitUntil } from '../packages/kit/src/index.ts';

/** Any free port, because several programs are inspected at once. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' } as const;

/**
 * Runs one full collection. The inspector's own `HeapProfiler.collectGarbage` runs up to seven in a
 * row: half a second in which the server does not respond, which the probes would notice.
 */
const collectAndMeasure = `
  globalThis.collectGarbage ??= (() => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    return process.getBuiltinModule('node:vm').runInNewContext('gc');
  })();
  collectGarbage();
  JSON.stringify(process.getBuiltinModule('node:v8').getHeapSpaceStatistics())`;
/** Heap spaces with compiled code. */
const codeSpace = /^(?:code|trusted)_/;
const openMs = 10_000;
const answerMs = 60_000;

/** Heap size after a full collection. */
export interface HeapSize {
  dataBytes: number;
  /** Machine code, bytecode and their metadata. */
  codeBytes: number;
}

export class InspectedProgram {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async open(pid: number, logFile: string): Promise<InspectedProgram> {
    process.kill(pid, 'SIGUSR1');
    const find = async (): Promise<string | undefined> =>
      /Debugger listening on (ws:\S+)/.exec(await readFile(logFile, 'utf8'))?.[1];
    return new InspectedProgram(await waitUntil(`the inspector of process ${pid}`, find, { timeoutMs: openMs }));
  }

  async heapAfterCollection(): Promise<HeapSize> {
    const { result } = await this.#talk((call) =>
      call('Runtime.evaluate', { expression: collectAndMeasure, returnByValue: true }),
    );
    const text = (result as { value?: unknown } | undefined)?.value;
    if (typeof text !== 'string')
      throw new TypeError(`expected a heap size from the program, got ${JSON.stringify(result)}`);
    const size = { dataBytes: 0, codeBytes: 0 };
    for (const { space_name, space_used_size } of JSON.parse(text) as HeapSpaceInfo[])
      size[codeSpace.test(space_name) ? 'codeBytes' : 'dataBytes'] += space_used_size;
    return size;
  }

  /** Saves a heap snapshot. Comparing two in a browser's developer tools shows what has grown. */
  async saveSnapshot(path: string): Promise<void> {
    const chunks: string[] = [];
    await this.#talk(
      (call) => call('HeapProfiler.takeHeapSnapshot'),
      (chunk) => chunks.push(chunk),
    );
    await writeFile(path, chunks);
  }

  /** Opens a connection for each command, so that nothing listens in between. */
  async #talk<T>(
    talk: (call: (method: string, params?: object) => Promise<Record<string, unknown>>) => Promise<T>,
    onChunk: (chunk: string) => void = () => {},
  ): Promise<T> {
    const socket = new WebSocket(this.#url);
    const waiting = new Map<number, (result: Record<string, unknown>) => void>();
    const lost = new Promise<never>((_, failed) => {
      socket.onclose = () => failed(new Error(`the inspector at ${this.#url} closed the connection`));
      setTimeout(() => socket.close(), answerMs).unref();
    });
    const opened = new Promise<void>((done) => {
      socket.onopen = () => done();
    });
    socket.onmessage = ({ data }) => {
      const { id, result, method, params } = JSON.parse(String(data));
      if (method === 'HeapProfiler.addHeapSnapshotChunk') onChunk(params.chunk);
      waiting.get(id)?.(result ?? {});
    };
    const call = (method: string, params = {}): Promise<Record<string, unknown>> =>
      new Promise((done) => {
        const id = waiting.size + 1;
        waiting.set(id, done);
        socket.send(JSON.stringify({ id, method, params }));
      });
    try {
      return await Promise.race([opened.then(() => talk(call)), lost]);
    } finally {
      lost.catch(() => {});
      socket.close();
    }
  }
}
