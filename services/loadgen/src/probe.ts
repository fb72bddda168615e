/**
 * Open-loop availability probe: one small request at a fixed rate, regardless of earlier outcomes.
 * The workload provides the request and the expected response as data, so that none of its code
 * runs while a probe is sent and checked.
 *
 * Each probe is timed from its intended start, needs a correct response within one second, and is
 * listed in an event. Delays of the generator do not count against the server: a probe that starts
 * late still has a full second, and a probe whose deadline fired late counts as not started.
 */
import type { EncoreEvent, Outcome } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import {
  corrupt,
  type ErrorFormat,
  type Failure,
  type ProbeExpectation,
  type Probe as ProbeRequests,
  stale,
} from '@encore/workload';
import type { Dispatcher } from 'undici';
import { failureOfExchange, failureOfStatus } from './http/classify-outcome.ts';
import { exchange, type HttpResponse } from './http/exchange.ts';
import type { Ledger } from './ledger.ts';
import type { LoadgenMetrics } from './metrics.ts';
import { lateStartMs } from './worker/reporter.ts';

export interface ProbeOptions {
  runId: string;
  perSecond: number;
  dispatcher: Dispatcher;
  clock: Clock;
  ledger: Pick<Ledger, 'write'>;
  metrics: LoadgenMetrics;
  errors: ErrorFormat | undefined;
  /** Returns the requests of the probe. Each number has its own object. */
  requests: (number: number) => Promise<ProbeRequests>;
  add: (event: EncoreEvent) => void;
  started: (lateMs: number) => void;
}

interface ProbedSecond {
  startsAt: number;
  /** Probes without a result yet. */
  inFlight: number;
  probes: { dueAt: number; endedAt: number; outcome: Outcome }[];
}

interface Probed {
  requests: ProbeRequests;
  /** The probe's object was acknowledged, or it has none. */
  isReady: boolean;
}

const deadlineMs = 1_000;
/** After this many 404 responses in a row, the probe writes another object. */
const maxAbsences = 10;

export class Probe {
  readonly #options: ProbeOptions;
  readonly #seconds: ProbedSecond[] = [];
  readonly #cancel = new AbortController();
  #probed: Probed | null = null;
  #objects = 0;
  #absences = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** Probes from `startsAt` until the signal aborts; resolves when the last probe has ended. */
  async run(startsAt: number, stopping: AbortSignal): Promise<void> {
    const { clock, perSecond } = this.#options;
    await this.#next();
    const inFlight = new Set<Promise<void>>();
    for (let number = 0; !stopping.aborted; number += 1) {
      const dueAt = startsAt + (number * 1_000) / perSecond;
      const now = clock.now();
      if (dueAt > now) await clock.sleep(Math.ceil(dueAt - now), stopping).catch(() => {});
      if (stopping.aborted) break;
      const probing = this.#probe(startsAt, dueAt).finally(() => inFlight.delete(probing));
      inFlight.add(probing);
    }
    await Promise.all(inFlight);
    this.#emitCompleted(Number.POSITIVE_INFINITY);
  }

  async #probe(startsAt: number, dueAt: number): Promise<void> {
    const { clock, metrics, started } = this.#options;
    const second = this.#secondOf(startsAt, dueAt);
    second.inFlight += 1;
    const startedAt = clock.now();
    const lateMs = startedAt - dueAt;
    started(lateMs);
    // A start later than the deadline is the generator's delay.
    const outcome = lateMs >= deadlineMs ? 'not_started' : await this.#request(startedAt + deadlineMs);
    const endedAt = clock.now();
    second.probes.push({ dueAt, endedAt, outcome });
    second.inFlight -= 1;
    metrics.probes.inc({ outcome });
    if (outcome === 'ok') metrics.probeSeconds.observe((endedAt - dueAt) / 1_000);
    this.#emitCompleted(clock.now());
  }

  /** Writes the object until the write is acknowledged, then sends the probe's own request. */
  async #request(deadlineAt: number): Promise<Outcome> {
    const { clock, dispatcher, errors, runId } = this.#options;
    const probed = this.#probed;
    if (probed === null) return 'not_started';
    const { object } = probed.requests;
    const writing = probed.isReady ? undefined : object;
    const { request, expect = {} } = writing ?? probed.requests;
    const read = expect.digest === undefined ? 'text' : 'digest';
    const headers = { ...request.headers, 'x-client-id': `${runId}-probe` };
    const limits = { deadlineAt, cancel: this.#cancel.signal, now: clock.now };
    const end = await exchange(dispatcher, { ...request, headers, read }, limits);
    if (end.kind === 'workload') return 'not_started';
    const isStored = object !== undefined && writing === undefined;
    const failure =
      end.kind === 'answered' ? failureOfProbe(end.response, expect, { errors, isStored }) : failureOfExchange(end);
    const outcome = failure?.outcome ?? 'ok';
    // The timer fired late, so a response may have arrived in time.
    if (outcome === 'deadline' && clock.now() - deadlineAt > lateStartMs) return 'not_started';
    if (outcome === 'ok' && writing !== undefined) await this.#acknowledge(probed);
    if (isStored && probed === this.#probed)
      await this.#countAbsence(end.kind === 'answered' && end.response.status === 404);
    return outcome;
  }

  async #next(): Promise<void> {
    const { ledger, requests } = this.#options;
    this.#objects += 1;
    this.#probed = null;
    // If the workload's function fails, the failure is reported elsewhere, and no probe starts from
    // then on.
    const probed = await requests(this.#objects).catch(() => null);
    if (probed === null) return;
    const { object } = probed;
    if (object !== undefined) {
      const { id, digest } = object;
      await ledger.write({ type: 'intended', key: keyOf(id), user: 0, operation: 'write', id, digest });
    }
    this.#probed = { requests: probed, isReady: object === undefined };
  }

  async #acknowledge(probed: Probed): Promise<void> {
    const { object } = probed.requests;
    if (probed.isReady || probed !== this.#probed || object === undefined) return;
    probed.isReady = true;
    const { id, digest, version } = object;
    const numbered = version === undefined ? {} : { version };
    await this.#options.ledger.write({ type: 'acknowledged', key: keyOf(id), id, digest, ...numbered });
  }

  async #countAbsence(absent: boolean): Promise<void> {
    this.#absences = absent ? this.#absences + 1 : 0;
    if (this.#absences < maxAbsences) return;
    this.#absences = 0;
    await this.#next();
  }

  #secondOf(startsAt: number, dueAt: number): ProbedSecond {
    const begin = startsAt + Math.floor((dueAt - startsAt) / 1_000) * 1_000;
    const last = this.#seconds.at(-1);
    if (last?.startsAt === begin) return last;
    const second = { startsAt: begin, inFlight: 0, probes: [] };
    this.#seconds.push(second);
    return second;
  }

  /** Emits completed seconds in order. */
  #emitCompleted(now: number): void {
    for (;;) {
      const [first] = this.#seconds;
      if (!first || first.inFlight > 0 || now < first.startsAt + 1_000) return;
      this.#seconds.shift();
      first.probes.sort((a, b) => a.dueAt - b.dueAt);
      this.#options.add({ type: 'probe_second', at: first.startsAt + 1_000, probes: first.probes });
    }
  }
}

function keyOf(id: string): string {
  return `${id}-w1`;
}

/** Returns null if the response is correct. `isStored`: the requested object was acknowledged. */
function failureOfProbe(
  response: HttpResponse,
  expected: ProbeExpectation,
  { errors, isStored }: { errors: ErrorFormat | undefined; isStored: boolean },
): Failure | null {
  if (isStored && response.status === 404) return stale('an acknowledged object is absent');
  return failureOfStatus(response, expected.status, errors) ?? failureOfContent(response, expected);
}

function failureOfContent(response: HttpResponse, { headers, digest, contains }: ProbeExpectation): Failure | null {
  for (const [name, right] of Object.entries(headers ?? {})) {
    const value = response.headers[name];
    const holds = typeof right === 'string' ? value === right : value !== undefined && right.test(value);
    if (!holds) return corrupt(`header ${name} is ${value ?? 'absent'} instead of ${right}`);
  }
  if (digest !== undefined && response.digest !== digest)
    return corrupt(`wrong digest; the body has ${response.bytes} bytes`);
  if (contains !== undefined && !response.text.includes(contains)) return corrupt(`the body lacks ${contains}`);
  return null;
}
