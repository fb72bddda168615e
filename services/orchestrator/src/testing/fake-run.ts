/** Performs a whole run on the fake lab, and returns its exit code, output, history and report. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EncoreEvent,
  filesVersion,
  historyLineSchema,
  type Phase,
  type Plan,
  type PlannedFault,
  type Report,
  type RunConfig,
  reportSchema,
} from '@encore/contracts';
import { type Clock, createLogger, plannedSystem, systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { planHash } from '@encore/plan';
import type { StopLimits } from '../run/loops/stop-rules.ts';
import { performRun } from '../run/perform-run.ts';
import { profiles } from '../settings/profiles.ts';
import { supervisorLimits } from '../supervisor/supervise.ts';
import type { FakeService } from './fake-service.ts';
import type { FakeServices } from './fake-services.ts';

const rampSeconds = 0.5;

export function planOf(steadySeconds: number, faults: PlannedFault[], system = plannedSystem(bundledSystem)): Plan {
  const unhashed = {
    version: filesVersion,
    system,
    dropped: [],
    seed: 1,
    rampSeconds,
    steadySeconds,
    faults,
    bestSuccessRate: 1,
  };
  return { ...unhashed, hash: planHash(unhashed) };
}

export const kill = (id: string, kind: 'crash' | 'outage', atSeconds: number): PlannedFault => ({
  id,
  kind,
  target: 'server',
  atSeconds,
  durationSeconds: 0,
  params: {},
});

export interface Outcome {
  exitCode: number;
  said: string;
  history: EncoreEvent[];
  report: Report | null;
}

/** Waits until the events of the service were polled, so that a restart is detected. */
export async function polled({ asked }: FakeService): Promise<void> {
  const polls = () => asked.filter((request) => request === 'GET /events').length;
  const before = polls();
  await waitUntil('a poll', () => polls() > before + 1, { timeoutMs: 15_000 });
}

/** No step of a run sleeps for longer, except a long steady phase. */
const longestStepMs = 20_000;

/**
 * `endSteady` ends a long steady phase early, so that a test can wait for an event in it for as
 * long as a busy machine needs.
 */
export async function runOver(
  lab: FakeServices,
  plan: Plan,
  during?: (said: () => string, stop: (reason: string) => void, endSteady: () => void) => Promise<void>,
  stopLimits: Partial<StopLimits> = {},
  settings: Partial<RunConfig> = {},
): Promise<Outcome> {
  let said = '';
  const stop = new AbortController();
  const steady = Promise.withResolvers<void>();
  const clock: Clock = {
    now: systemClock.now,
    sleep: (ms, signal) => {
      const slept = systemClock.sleep(ms, signal);
      return ms > longestStepMs ? Promise.race([slept, steady.promise]) : slept;
    },
  };
  const hours = (plan.rampSeconds + plan.steadySeconds) / 3_600;
  const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 1, users: 1, hours, rampSeconds, ...settings };
  const running = performRun(
    { config, plan, system: lab.system },
    {
      wiring: lab.wiring,
      clock,
      logger: createLogger('test', 'silent'),
      display: { output: { write: (text) => (said += text) }, terminal: null, interrupt: () => undefined },
      stop: stop.signal,
    },
    {
      preflight: { readyMs: 500, leaseMs: 300, idleMs: 50 },
      supervisor: { ...supervisorLimits, exitedMs: 300, silentMs: 1_000 },
      stop: stopLimits,
    },
  );
  await during?.(
    () => said,
    (reason) => stop.abort(new Error(reason)),
    steady.resolve,
  );
  const exitCode = await running;
  return { exitCode, said, ...resultsOf(lab) };
}

function resultsOf(lab: FakeServices): Pick<Outcome, 'history' | 'report'> {
  const names = readdirSync(lab.resultsDir);
  const json = names.find((name) => name.endsWith('.json'));
  const evidence = join(lab.resultsDir, (json ?? '').replace('.json', ''), 'history.ndjson');
  if (json === undefined || !existsSync(evidence)) return { history: [], report: null };
  const text = readFileSync(evidence, 'utf8');
  const history = text
    .trim()
    .split('\n')
    .map((line) => historyLineSchema.parse(JSON.parse(line)).event);
  return { history, report: reportSchema.parse(JSON.parse(readFileSync(join(lab.resultsDir, json), 'utf8'))) };
}
export const phasesOf = (history: EncoreEvent[]): Phase[] =>
  history.flatMap((event) => (event.type === 'phase_entered' ? [event.phase] : []));
