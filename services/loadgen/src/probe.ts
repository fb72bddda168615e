/**
 * Open-loop availability probe: one small request at a fixed rate, regardless of earlier outcomes.
 *
 * Each probe is timed from its intended start, needs a correct response within one second, and is
 * listed in an event. Delays of the generator do not count against the server: a probe that starts
 * late still has a full second, and a probe whose deadline fired late counts as not started.
 */
import type { EncoreEvent, Outcome } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { classifyOutcome } from './classify-outcome.ts';
import { exchange } from './exchange.ts';
import { lateStartMs } from './generator-monitor.ts';
import type { Ledger } from './ledger.ts';
import { type LiveScore, newScore } from './live-score.ts';
import type { LoadgenMetrics } from './metrics.ts';
import { getStep, type IntendedWrite, intendWrite, putStep } from './operations.ts';
import { describeScore } from './score-generator.ts';

export interface ProbeOptions {
  runId: string;
  perSecond: number;
  dispatcher: Dispatcher;
  clock: Clock;
  ledger: Ledger;
  metrics: LoadgenMetrics;
  add: (event: EncoreEvent) => void;
  started: (lateMs: number) => void;
}

interface ProbedSecond {
  startsAt: number;
  /** Probes without a result yet. */
  inFlight: number;
  probes: { dueAt: number; endedAt: number; outcome: Outcome }[];
}

const deadlineMs = 1_000;
const probeBytes = 4_000;
/** After this many 404 responses in a row, the probe creates a new score. */
const maxAbsences = 10;

export class Probe {
  readonly #options: ProbeOptions;
  readonly #seconds: ProbedSecond[] = [];
  readonly #cancel = new AbortController();
  #score: LiveScore | null = null;
  #write: IntendedWrite | null = null;
  #scores = 0;
  #absences = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** Probes from `startsAt` until the signal aborts; resolves when the last probe has ended. */
  async run(startsAt: number, stopping: AbortSignal): Promise<void> {
    const { clock, perSecond } = this.#options;
    await this.#intendScore();
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

  /** Creates the score until that is acknowledged, then reads it. */
  async #request(deadlineAt: number): Promise<Outcome> {
    const { clock, dispatcher, runId } = this.#options;
    const write = this.#write;
    const score = this.#score;
    const step = write ? putStep(write) : score ? getStep(score) : null;
    if (!step) return 'not_started';
    const request = step.build('probe');
    request.headers['x-client-id'] = `${runId}-probe`;
    const end = await exchange(dispatcher, request, {
      deadlineAt,
      headersTimeoutMs: 0,
      bodyTimeoutMs: 0,
      cancel: this.#cancel.signal,
      now: clock.now,
    });
    const checked = end.kind === 'answered' ? step.check(end.response, 'probe', true) : null;
    const { outcome } = classifyOutcome(end, checked);
    // The timer fired late, so a response may have arrived in time.
    if (outcome === 'deadline' && clock.now() - deadlineAt > lateStartMs) return 'not_started';
    if (outcome === 'ok' && write && this.#write === write) await this.#acknowledge(write);
    if (!write && score === this.#score)
      await this.#countAbsence(end.kind === 'answered' && end.response.status === 404);
    return outcome;
  }

  async #intendScore(): Promise<void> {
    const { runId, ledger } = this.#options;
    this.#scores += 1;
    const id = `${runId}-probe-${this.#scores}`;
    const upload = await describeScore({ seed: id, targetBytes: probeBytes });
    const score = newScore(id, upload);
    this.#write = await intendWrite(ledger, 0, { operation: 'create', score, upload, throughTools: false });
    this.#score = null;
  }

  async #acknowledge({ key, score, upload }: IntendedWrite): Promise<void> {
    this.#write = null;
    score.version = 1;
    this.#score = score;
    const { ledger } = this.#options;
    await ledger.write({ type: 'acknowledged', key, scoreId: score.id, hash: upload.sha256, version: 1 });
  }

  async #countAbsence(absent: boolean): Promise<void> {
    this.#absences = absent ? this.#absences + 1 : 0;
    if (this.#absences < maxAbsences) return;
    this.#absences = 0;
    await this.#intendScore();
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
