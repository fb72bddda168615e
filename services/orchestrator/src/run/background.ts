/**
 * What goes on beside the phases, from startup to the end: events are fetched, leases are renewed, the server is
 * watched and helped, the clocks are compared.
 */
import { existsSync } from 'node:fs';
import { describeError, EncoreError } from '@encore/kit';
import { EventPoller } from '../history/event-poller.ts';
import type { HistoryWriter } from '../history/history-writer.ts';
import { HostSampler } from '../progress/host-metrics.ts';
import type { ServerDetail } from '../progress/run-view.ts';
import { fetchServerDetail } from '../supervisor/server-detail.ts';
import { ServerWatch } from '../supervisor/server-watch.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { ClockWatch } from './clock-watch.ts';
import { stopFileOf } from './folder-checks.ts';
import { loop } from './loop.ts';
import type { RunContext } from './run-context.ts';
import { SampleTimes } from './sample-times.ts';
import { roomOf, StopRules } from './stop-rules.ts';

const renewEveryMs = 2_000;
/** Some renewals were missed, not one. */
const missedRenewalsMs = 5 * renewEveryMs;
const pollEveryMs = 500;
const tickMs = 1_000;
const detailEveryMs = 2_000;

export class Background {
  readonly #context: RunContext;
  readonly #pollers: EventPoller[];
  readonly #loadgen: EventPoller;
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #loadLease = new AbortController();
  #supervising = new AbortController();
  readonly #supervisor: Supervisor;
  readonly watch: ServerWatch;
  /** Set while the steady phase goes on: when it began. */
  steadyStartsAt: number | null = null;
  #loadRenewedAt = 0;
  /** Until the load is started: when this run began to listen to it, for a gap begins no earlier. */
  #loadStartedAt: number;
  #stopFileSeen = false;
  readonly #stopRules: StopRules;
  readonly #sampleTimes = new SampleTimes();

  constructor(context: RunContext, history: HistoryWriter) {
    this.#context = context;
    const { clock, peers, runId, record, view, wiring } = context;
    this.watch = new ServerWatch({
      url: wiring.serverHealthUrl,
      clock,
      onChange: ({ port, ready }) => record.add({ type: 'server_seen', at: clock.now(), port, ready }),
    });
    this.#stopRules = new StopRules(context.stopLimits);
    const limits = context.supervisorLimits;
    this.#supervisor = new Supervisor({
      runId,
      peers,
      watch: this.watch,
      clock,
      limits,
      record: (e) => record.add(e),
      onTargets: (targets) => {
        view.serverPid = targets.find(({ target }) => target === 'server')?.pid ?? 0;
      },
    });
    // From here on: what came before belongs to a run that was left behind.
    const common = { clock, since: clock.now(), history };
    this.#loadStartedAt = common.since;
    this.#loadgen = new EventPoller({
      ...common,
      source: 'loadgen',
      url: wiring.loadgenUrl,
      onReboot: () => this.#loadLost('the load generator was restarted, and its users with it'),
    });
    this.#pollers = [
      new EventPoller({
        ...common,
        source: 'chaos',
        url: wiring.chaosUrl,
        token: peers.chaosToken,
        onReboot: () => this.#resumeChaos(),
      }),
      this.#loadgen,
    ];
  }

  /** Fetching, watching and the run lease. */
  start(): void {
    const { clock, peers, runId, view, wiring } = this.#context;
    const host = new HostSampler(wiring.resultsDir);
    const clockWatch = new ClockWatch(tickMs);
    for (const poller of this.#pollers) this.#loop(pollEveryMs, (signal) => poller.poll(signal).then(() => undefined));
    this.#loop(renewEveryMs, (signal) => this.#renewRunLease(signal));
    this.#loop(tickMs, async () => {
      const gap = clockWatch.tick(clock.now(), Date.now());
      if (gap !== null) this.#context.record.add(gap);
      this.#obeyStopFile();
      await this.#obeyStopRules();
    });
    this.#loop(tickMs, (signal) => this.#sampleScores(signal));
    this.#loop(detailEveryMs, async (signal) => {
      this.#tellCollection(await fetchServerDetail(wiring.serverHealthUrl, signal));
    });
    this.#loop(detailEveryMs, async () => {
      view.host = await host.sample();
    });
    this.#loops.push(this.watch.run(this.#stop.signal));
    this.#context.logger.debug({ runId, urls: peers.urls }, 'watching');
  }

  startSupervisor(): void {
    this.#supervising = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#supervising.signal]);
    this.#loops.push(loop(this.#context.clock, 500, signal, () => this.#supervisor.step(signal)));
  }

  stopSupervisor(): void {
    this.#supervising.abort();
  }

  startLoadLease(): void {
    this.#loadStartedAt = this.#context.clock.now();
    this.#loadRenewedAt = this.#loadStartedAt;
    const signal = AbortSignal.any([this.#stop.signal, this.#loadLease.signal]);
    this.#loops.push(loop(this.#context.clock, renewEveryMs, signal, () => this.#renewLoadLease(signal)));
  }

  /** The load is meant to end from here on. */
  endLoadLease(): void {
    this.#loadLease.abort();
  }

  /** Ends everything and fetches what is left. */
  async stop(drainMs: number): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#loops);
    const deadline = AbortSignal.timeout(drainMs);
    await Promise.allSettled(this.#pollers.map((poller) => poller.drain(deadline)));
  }

  /** Fetches once more what the services have to tell. */
  async drain(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#pollers.map((poller) => poller.drain(signal)));
  }

  #loop(everyMs: number, step: (signal: AbortSignal) => void | Promise<void>): void {
    this.#loops.push(loop(this.#context.clock, everyMs, this.#stop.signal, step));
  }

  /** The lever for somebody without this terminal: a file in the results folder, which Compose shares with the host. */
  #obeyStopFile(): void {
    const path = stopFileOf(this.#context.wiring);
    if (this.#stopFileSeen || !existsSync(path)) return;
    this.#stopFileSeen = true;
    this.#context.stop(`the file ${path} is there`);
  }

  /** Only while users work: before and after that the server is started and restarted by the run itself. */
  async #obeyStopRules(): Promise<void> {
    const { view, clock, wiring, abort } = this.#context;
    const room = await roomOf(wiring.resultsDir);
    if (view.phase !== 'ramp' && view.phase !== 'steady') return;
    const { wrongAnswers, faultsHeld } = view;
    const isReady = this.watch.sight?.ready === true;
    const reason = this.#stopRules.look({ now: clock.now(), isReady, faultsHeld, wrongAnswers, room });
    // A break and no stop: the read-back that follows tells how much is lost.
    if (reason !== null) abort(reason);
  }

  async #renewRunLease(signal: AbortSignal): Promise<void> {
    const { peers, runId, logger } = this.#context;
    try {
      await peers.renewRunLease(runId, { signal, timeoutMs: 2_000 });
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: describeError(error) }, 'the run lease was not renewed');
      if (error instanceof EncoreError && (error.status === 410 || error.status === 404))
        await this.#retakeRunLease(signal);
    }
  }

  /** The lease ended while nobody renewed it (this process stood still, or the injector was away): what it held is undone. */
  async #retakeRunLease(signal: AbortSignal): Promise<void> {
    const { peers, runId, record, clock, abort } = this.#context;
    const at = clock.now();
    record.add({ type: 'injector_failed', at, reason: 'the run lease had ended', fromAt: at, toAt: at });
    await peers.takeRunLease(runId, { signal }).catch((error: unknown) => {
      if (error instanceof EncoreError && error.code === 'RUN_HELD') abort(`another run took over: ${error.message}`);
    });
  }

  async #renewLoadLease(signal: AbortSignal): Promise<void> {
    const { peers, runId, clock } = this.#context;
    let isOver = false;
    await peers.renewLoadLease(runId, { signal, timeoutMs: 2_000 }).then(
      () => {
        this.#loadRenewedAt = clock.now();
      },
      (error: unknown) => {
        isOver = error instanceof EncoreError && (error.status === 410 || error.status === 404);
      },
    );
    if (!isOver) return;
    const silentMs = clock.now() - this.#loadRenewedAt;
    // One that was restarted refuses as well, and its events tell that it was.
    await this.#loadgen.poll(signal);
    this.#loadLost(
      silentMs > missedRenewalsMs
        ? `the load generator ended the load, because its lease was not renewed for ${Math.round(silentMs / 1_000)} s: it could not be reached from here`
        : 'the load generator says that the load is over, which nobody asked for',
    );
  }

  #loadLost(reason: string): void {
    if (this.#loadLease.signal.aborted) return;
    this.#loadLease.abort();
    const { record, view, clock, startedAt, abort } = this.#context;
    const at = clock.now();
    record.add({ type: 'source_lost', at, source: 'loadgen', reason });
    // What the users did last, it told nobody.
    const fromAt = Math.max(startedAt, this.#loadStartedAt, view.loadSeenAt ?? 0);
    record.add({ type: 'gap', at, fromAt, toAt: at, reason });
    abort(reason);
  }

  /** A collection that was not told yet: the count of a server that was started anew is another as well. */
  #tellCollection(detail: ServerDetail | null): void {
    const { view, record, clock } = this.#context;
    const before = view.detail?.collections?.count;
    view.detail = detail;
    const last = detail?.collections;
    if (last && last.count !== before)
      record.add({ type: 'server_collected', at: clock.now(), bytes: last.bytesAfter });
  }

  /** What a sample finds stands in the ledger; one that could not be begun is made up for by the next, and by the final read-back. */
  async #sampleScores(signal: AbortSignal): Promise<void> {
    const { steadyStartsAt } = this;
    if (steadyStartsAt === null) return;
    const { runId, clock, peers, plan, view, logger } = this.#context;
    const now = clock.now();
    const dueAts = plan.faults.map(({ atSeconds }) => steadyStartsAt + atSeconds * 1_000);
    const nextFaultAt = Math.min(...dueAts.filter((at) => at > now));
    const isReady = this.watch.sight?.ready === true;
    if (!this.#sampleTimes.isDue({ now, isReady, faultsHeld: view.faultsHeld, nextFaultAt })) return;
    await peers.readBack(runId, false, { signal }).catch((error: unknown) => {
      logger.debug({ err: describeError(error) }, 'no sample was read back');
    });
  }

  /** The scheduler was started anew and knows nothing: it gets the same plan again and skips what has passed. */
  #resumeChaos(): void {
    const { peers, runId, plan, logger } = this.#context;
    if (this.steadyStartsAt === null) return;
    const { steadyStartsAt } = this;
    peers.startChaos(runId, plan, steadyStartsAt).catch((error: unknown) => {
      logger.warn({ err: describeError(error) }, 'the scheduler did not take the plan again');
      this.#context.abort(`the scheduler was started anew and did not take the plan again: ${describeError(error)}`);
    });
  }
}
