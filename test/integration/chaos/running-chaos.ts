/**
 * The chaos service as a separate process that can be killed. Faults are injected as the
 * orchestrator does: by a schedule.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type EncoreEvent,
  type EventOf,
  eventPageSchema,
  filesVersion,
  type Plan,
  type PlannedFault,
  scheduleStatusSchema,
} from '@encore/contracts';
import { plannedSystem, readApiToken, systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { planHash } from '@encore/plan';
import { root } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import type { ToyLab } from './toy-programs.ts';

export class Running implements AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly tokenFile: string;
  #stderr = '';

  private constructor(child: ChildProcess, url: string, tokenFile: string) {
    this.child = child;
    this.url = url;
    this.tokenFile = tokenFile;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-8_000);
    });
  }

  /** `nodeOptions` come before the program, such as a module to preload. */
  static async start(environment: ToyLab['environment'], nodeOptions: readonly string[] = []): Promise<Running> {
    const port = await freePort();
    const child = spawn(process.execPath, [...nodeOptions, join(root, 'services/chaos/src/main.ts')], {
      env: { ...process.env, ...environment, ENCORE_PORT: String(port), ENCORE_HOST: '127.0.0.1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const running = new Running(child, `http://127.0.0.1:${port}`, environment.ENCORE_TOKEN_FILE);
    await waitUntil(
      'the chaos service',
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${running.#stderr}`);
        return (await fetch(`${running.url}/ready`)).ok;
      },
      { timeoutMs: 60_000 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${running.#stderr}`);
    });
    return running;
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const authorization = `Bearer ${readApiToken(this.tokenFile)}`;
    const json =
      body === undefined
        ? { headers: { authorization } }
        : { body: JSON.stringify(body), headers: { authorization, 'content-type': 'application/json' } };
    const answer = await fetch(`${this.url}${path}`, { method, signal: AbortSignal.timeout(40_000), ...json });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** Schedules these faults for now, once the faults of the schedule before have ended. */
  async schedule(runId: string, ...faults: readonly PlannedFault[]): Promise<void> {
    const isOver = async () => {
      const { state } = scheduleStatusSchema.parse(await this.call('GET', '/schedule'));
      return state === 'idle' || state === 'done';
    };
    await waitUntil('the end of the schedule before', () => this.ended || isOver(), { timeoutMs: 40_000, everyMs: 20 });
    const plan = planOf(
      faults.map((fault) => ({ ...fault, atSeconds: 0 })),
      600,
    );
    await this.call('POST', '/schedule', { runId, plan, steadyStartsAt: systemClock.now() });
  }

  /** Resolves after the effect check; rejects when the fault was skipped. */
  async inject(runId: string, fault: PlannedFault): Promise<EventOf<'fault_effect_checked'>> {
    await this.schedule(runId, fault);
    return await this.effectOf(fault.id);
  }

  async effectOf(faultId: string): Promise<EventOf<'fault_effect_checked'>> {
    const about = (event: EncoreEvent) => 'faultId' in event && event.faultId === faultId;
    const end = await waitUntil(
      `the effect check of ${faultId}`,
      async () =>
        (await this.events())
          .filter(about)
          .find(({ type }) => type === 'fault_effect_checked' || type === 'fault_skipped'),
      { timeoutMs: 40_000, everyMs: 20 },
    );
    if (end.type === 'fault_effect_checked') return end;
    throw new Error(`${faultId} was skipped: ${JSON.stringify(end)}`);
  }

  /** Ends the schedule, which reverts its faults; returns how the revert of this one ended. */
  async release(faultId: string): Promise<EventOf<'fault_reverted'>> {
    await this.call('DELETE', '/schedule');
    const reverted = (await this.eventsOf('fault_reverted')).findLast((event) => event.faultId === faultId);
    if (reverted === undefined) throw new Error(`${faultId} was not reverted`);
    return reverted;
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

/** A plan of these faults, without a ramp, for the bundled system. */
export function planOf(faults: PlannedFault[], steadySeconds: number): Plan {
  const plan = {
    version: filesVersion,
    system: plannedSystem(bundledSystem),
    dropped: [],
    seed: 1,
    rampSeconds: 0,
    steadySeconds,
    faults,
    bestSuccessRate: 1,
  };
  return { ...plan, hash: planHash(plan) };
}
