/**
 * Availability in time: one small question on a fixed schedule, whatever became of the ones before. Each is timed from its
 * intended start and has one second to be answered rightly; probes never wait for each other, and each is listed. The server
 * is not blamed for the generator: a probe that starts late has its second all the same, and one whose second the generator
 * slept through counts as not started.
 */
import type { EncoreEvent, Outcome } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { classifyOutcome } from './classify-outcome.ts';
import { exchange } from './exchange.ts';
import { lateMs as heldUpMs } from './generator-check.ts';
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
  /** Probes that are still under way. */
  open: number;
  probes: { dueAt: number; endedAt: number; outcome: Outcome }[];
}

const deadlineMs = 1_000;
const probeBytes = 4_000;
/** After so many absences in a row the score is taken for lost (the read-back will say so) and another one is made. */
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

  /** Probes from `startsAt` until the signal; resolves when the last one has ended. */
  async run(startsAt: number, stopping: AbortSignal): Promise<void> {
    const { clock, perSecond } = this.#options;
    await this.#intendScore();
    const open = new Set<Promise<void>>();
    for (let number = 0; !stopping.aborted; number += 1) {
      const dueAt = startsAt + (number * 1_000) / perSecond;
      const now = clock.now();
      if (dueAt > now) await clock.sleep(Math.ceil(dueAt - now), stopping).catch(() => {});
      if (stopping.aborted) break;
      const probing = this.#probe(startsAt, dueAt).finally(() => open.delete(probing));
      open.add(probing);
    }
    await Promise.all(open);
    this.#report(Number.POSITIVE_INFINITY);
  }

  async #probe(startsAt: number, dueAt: number): Promise<void> {
    const { clock, metrics, started } = this.#options;
    const second = this.#secondOf(startsAt, dueAt);
    second.open += 1;
    const startedAt = clock.now();
    const lateMs = startedAt - dueAt;
    started(lateMs);
    // A start later than the deadline says nothing of the server.
    const outcome = lateMs >= deadlineMs ? 'not_started' : await this.#ask(startedAt + deadlineMs);
    const endedAt = clock.now();
    second.probes.push({ dueAt, endedAt, outcome });
    second.open -= 1;
    metrics.probes.inc({ outcome });
    if (outcome === 'ok') metrics.probeSeconds.observe((endedAt - dueAt) / 1_000);
    this.#report(clock.now());
  }

  /** Makes the score when it is not acknowledged yet, else exports it. */
  async #ask(deadlineAt: number): Promise<Outcome> {
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
    const checked = end.how === 'answered' ? step.check(end.answer, 'probe', true) : null;
    const { outcome } = classifyOutcome(end, checked);
    // The timer itself was late, so an answer may have been there in time.
    if (outcome === 'deadline' && clock.now() - deadlineAt > heldUpMs) return 'not_started';
    if (outcome === 'ok' && write && this.#write === write) await this.#acknowledge(write);
    if (!write && score === this.#score) await this.#countAbsence(end.how === 'answered' && end.answer.status === 404);
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
    const second = { startsAt: begin, open: 0, probes: [] };
    this.#seconds.push(second);
    return second;
  }

  /** Seconds in order, each once all its probes have ended. */
  #report(now: number): void {
    for (;;) {
      const [first] = this.#seconds;
      if (!first || first.open > 0 || now < first.startsAt + 1_000) return;
      this.#seconds.shift();
      first.probes.sort((a, b) => a.dueAt - b.dueAt);
      this.#options.add({ type: 'probe_second', at: first.startsAt + 1_000, probes: first.probes });
    }
  }
}
