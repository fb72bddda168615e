/** The guard (and the scheduler) as the processes that they are, so that they can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EncoreEvent, EventOf, InjectAnswer, PlannedFault } from '@encore/contracts';
import { eventPageSchema, injectAnswerSchema } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { root } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';

export class Running implements AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  #stderr = '';

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-8_000);
    });
  }

  /** `nodeOptions` stand before the program, such as a module to load first. */
  static async start(
    program: 'guard' | 'chaos',
    environment: Record<string, string>,
    nodeOptions: readonly string[] = [],
  ): Promise<Running> {
    const port = await freePort();
    const child = spawn(process.execPath, [...nodeOptions, join(root, `services/chaos/src/${program}/main.ts`)], {
      env: { ...process.env, ...environment, ENCORE_PORT: String(port), ENCORE_HOST: '127.0.0.1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const running = new Running(child, `http://127.0.0.1:${port}`);
    await waitUntil(
      `the ${program}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${running.#stderr}`);
        return (await fetch(`${running.url}/ready`)).ok;
      },
      { timeoutMs: 15_000 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${running.#stderr}`);
    });
    return running;
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${this.url}${path}`, { method, signal: AbortSignal.timeout(40_000), ...json });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async inject(runId: string, fault: PlannedFault, ttlMs = 5_000): Promise<InjectAnswer> {
    return injectAnswerSchema.parse(await this.call('POST', '/faults', { runId, fault, ttlMs }));
  }

  async events(): Promise<EncoreEvent[]> {
    const page = eventPageSchema.parse(await this.call('GET', '/events'));
    return page.events.map(({ event }) => event);
  }

  async eventsOf<Type extends EncoreEvent['type']>(type: Type): Promise<EventOf<Type>[]> {
    return (await this.events()).filter((event): event is EventOf<Type> => event.type === type);
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM');
  }
}
