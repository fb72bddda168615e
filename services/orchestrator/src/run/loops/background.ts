/**
 * The loops that run alongside the phases, from startup to the end: they fetch events, renew
 * leases, observe and restart the server, and compare the clocks. A loop that fails breaks the run,
 * which then ends as usual and is INCONCLUSIVE: without the loop, evidence would be missing.
 */
import { existsSync } from 'node:fs';
import { describeError, EncoreError, firstReplica, healthOf, isSupervised, waitUntil } from '@encore/kit';
import { EventPoller } from '../../history/event-poller.ts';
import { brokenRules } from '../../judge/judge.ts';
import { HostSampler } from '../../progress/host-metrics.ts';
import type { RunView, ServerDetail } from '../../progress/run-view.ts';
import { runLeaseTtlMs } from '../../service-clients.ts';
import { fetchServerDetail } from '../../supervisor/server-detail.ts';
import { ServerWatcher } from '../../supervisor/server-watcher.ts';
import type { SupervisorLimits } from '../../supervisor/supervise.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import type { Interrupt } from '../phase.ts';
import { stopFileOf } from '../preflight/folder-checks.ts';
import type { RunContext } from '../run-context.ts';
import { AbortRules } from './abort-rules.ts';
import { ClockWatcher } from './clock-watcher.ts';
import { LoadLease, renewEveryMs } from './load-lease.ts';
import { loop } from './loop.ts';
import { SampleTimes } from './sample-times.ts';
import { freeResources, type StopLimits, StopRules } from './stop-rules.ts';

const pollEveryMs = 500;
const tickMs = 1_000;
const detailEveryMs = 2_000;

export interface LoopLimits {
  supervisor: SupervisorLimits;
  stop: StopLimits;
}

interface BackgroundOptions {
  view: RunView;
  limits: LoopLimits;
  interrupt: (event: Interrupt) => void;
}

export class Background {
  readonly #context: RunContext;
  readonly #view: RunView;
  readonly #interrupt: (event: Interrupt) => void;
  readonly #limits: LoopLimits;
  readonly #pollers: EventPoller[];
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #loadLease: LoadLease;
  #supervising = new AbortController();
  readonly #supervisor: Supervisor;
  readonly #serverWatcher: ServerWatcher;
  /** Start of the steady phase; null outside it. */
  steadyStartsAt: number | null = null;
  #stopFileSeen = false;
  readonly #stopRules: StopRules;
  readonly #abortRules: AbortRules;
  readonly #sampleTimes = new SampleTimes();

  constructor(context: RunContext, { view, limits, interrupt }: BackgroundOptions) {
    this.#context = context;
    this.#view = view;
    this.#interrupt = interrupt;
    this.#limits = limits;
    const { clock, clients, history } = context;
    const { id: runId, system } = context.run;
    const health = healthOf(system);
    const shown = firstReplica(system);
    this.#serverWatcher = new ServerWatcher({
      health,
      clock,
      onChange: (target, { port, ready }) => {
        const replica = health.size > 1 ? { target } : {};
        history.add({ type: 'server_observed', at: clock.now(), ...replica, port, ready });
      },
    });
    this.#stopRules = new StopRules(limits.stop, system.recoveryOf);
    this.#abortRules = new AbortRules(context.run.config.abort ?? {});
    this.#supervisor = new Supervisor({
      runId,
      clients,
      supervises: (target) => isSupervised(system, target),
      observe: (target) => this.#serverWatcher.latest(target),
      clock,
      limits: limits.supervisor,
      record: (event) => history.add(event),
      onTargets: (targets) => {
        view.serverPid = targets.find(({ target }) => target === shown)?.pid ?? 0;
      },
    });
    // Earlier events belong to an abandoned run.
    const common = { clients, clock, since: clock.now(), history };
    const loadgen = new EventPoller({
      ...common,
      source: 'loadgen',
      onRestart: () => this.#loadLease.lost('the load generator restarted and lost its users'),
    });
    this.#loadLease = new LoadLease(context, {
      view,
      pollEvents: (signal) => loadgen.poll(signal),
      onLost: (reason) => this.#break(reason),
    });
    this.#pollers = [
      new EventPoller({
        ...common,
        source: 'chaos',
        onRestart: () => this.#resumeChaos(),
      }),
      loadgen,
    ];
  }

  /** Starts everything except the supervisor and the load lease. */
  start(): void {
    const { clock, clients, run, wiring } = this.#context;
    const host = new HostSampler(wiring.resultsDir);
    const clockWatcher = new ClockWatcher(tickMs);
    for (const poller of this.#pollers)
      this.#loop('the event poller', pollEveryMs, (signal) => poller.poll(signal).then(() => undefined));
    this.#loop('the run lease', renewEveryMs, (signal) => this.#renewRunLease(signal));
    this.#loop('the clock watcher', tickMs, async () => {
      const gap = clockWatcher.tick(clock.now(), Date.now());
      if (gap !== null) this.#context.history.add(gap);
      this.#applyStopFile();
      await this.#applyStopRules();
    });
    this.#loop('the sample read-back', tickMs, (signal) => this.#sampleObjects(signal));
    const { judgeEveryMs } = this.#limits.stop;
    if (!this.#abortRules.isEmpty) this.#loop('the abort rules', judgeEveryMs, async () => this.#applyAbortRules());
    const [first, ...others] = healthOf(run.system).values();
    const detail = others.length === 0 ? first?.detail : undefined;
    if (detail !== undefined)
      this.#loop(`the status of ${run.system.recoveryOf}`, detailEveryMs, async (signal) => {
        this.#recordCollection(await fetchServerDetail(detail, signal));
      });
    this.#loop('the host metrics', detailEveryMs, async () => {
      this.#view.host = await host.sample();
    });
    this.#keep(`the watcher of ${run.system.recoveryOf}`, this.#serverWatcher.run(this.#stop.signal));
    this.#context.logger.debug({ runId: run.id, urls: clients.urls }, 'observing the services');
  }

  /** Resolves once every replica of the judged container is ready. Throws TIMED_OUT. */
  async untilServerReady(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { clock, run } = this.#context;
    const isReady = () => this.#serverWatcher.ready;
    await waitUntil(`${run.system.recoveryOf} to be ready`, isReady, { timeoutMs, signal, clock });
  }

  startSupervisor(): void {
    this.#supervising = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#supervising.signal]);
    this.#loop('the supervisor', 500, () => this.#supervisor.step(signal), signal);
  }

  stopSupervisor(): void {
    this.#supervising.abort();
  }

  startLoadLease(): void {
    const signal = AbortSignal.any([this.#stop.signal, this.#loadLease.start()]);
    this.#loop('the load lease', renewEveryMs, () => this.#loadLease.renew(signal), signal);
  }

  /** From here on, the end of the load is expected. */
  endLoadLease(): void {
    this.#loadLease.end();
  }

  /** Stops all loops, then fetches the remaining events for at most `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#loops);
    const deadline = AbortSignal.timeout(drainMs);
    await Promise.allSettled(this.#pollers.map((poller) => poller.drain(deadline)));
  }

  /** Fetches the events that the services still hold. */
  async drain(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#pollers.map((poller) => poller.drain(signal)));
  }

  #loop(
    name: string,
    everyMs: number,
    step: (signal: AbortSignal) => void | Promise<void>,
    signal: AbortSignal = this.#stop.signal,
  ): void {
    this.#keep(name, loop(this.#context.clock, everyMs, signal, step));
  }

  #keep(name: string, running: Promise<void>): void {
    this.#loops.push(running.catch((error: unknown) => this.#break(`${name} failed: ${describeError(error)}`)));
  }

  /** Ends the run early after an error. */
  #break(reason: string): void {
    this.#interrupt({ type: 'broke', reason });
  }

  /** Stops the run when the stop file exists: a way to stop it without access to this terminal. */
  #applyStopFile(): void {
    const path = stopFileOf(this.#context.wiring);
    if (this.#stopFileSeen || !existsSync(path)) return;
    this.#stopFileSeen = true;
    this.#interrupt({ type: 'stop', reason: `the stop file ${path} exists` });
  }

  /** Applies only under load: outside it, the run itself starts and restarts the server. */
  async #applyStopRules(): Promise<void> {
    const { clock, wiring } = this.#context;
    const view = this.#view;
    const resources = await freeResources(wiring.resultsDir);
    if (view.phase !== 'ramp' && view.phase !== 'steady') return;
    const { activeFaults } = view;
    const { wrongAnswers } = view.history.collectors.traffic;
    const isReady = this.#serverWatcher.ready;
    const reason = this.#stopRules.evaluate({ now: clock.now(), isReady, activeFaults, wrongAnswers, resources });
    // Not a stop, so that the read-back still shows how much was lost.
    if (reason !== null) this.#break(reason);
  }

  #applyAbortRules(): void {
    const { phase, history } = this.#view;
    if (phase !== 'ramp' && phase !== 'steady') return;
    const reason = this.#abortRules.evaluate(this.#context.clock.now(), brokenRules(history));
    if (reason !== null) this.#break(reason);
  }

  async #renewRunLease(signal: AbortSignal): Promise<void> {
    const { clients, run, print } = this.#context;
    try {
      await clients.renewRunLease(run.id, { signal, timeoutMs: 2_000 });
    } catch (error) {
      if (signal.aborted) return;
      const hasEnded = error instanceof EncoreError && (error.status === 410 || error.status === 404);
      print(
        hasEnded
          ? `The run's lease (its right to use the lab) expired, and the chaos service reverted the run's faults. Encore takes the lease again: ${describeError(error)}`
          : `The chaos service did not renew the run's lease (its right to use the lab). Encore tries again; after ${runLeaseTtlMs / 1_000} s without a renewal, the chaos service reverts the run's faults: ${describeError(error)}`,
      );
      if (hasEnded) await this.#retakeRunLease(signal);
    }
  }

  /** The lease expired (a stall of this process or of the injector), so faults were reverted. */
  async #retakeRunLease(signal: AbortSignal): Promise<void> {
    const { clients, run, history, clock } = this.#context;
    const at = clock.now();
    history.add({ type: 'injector_failed', at, reason: 'the run lease had expired', fromAt: at, toAt: at });
    await clients.takeRunLease(run.id, { signal }).catch((error: unknown) => {
      if (error instanceof EncoreError && error.code === 'RUN_HELD')
        this.#break(`another run took over: ${error.message}`);
    });
  }

  /** Records each garbage collection once: a changed count is new, even a lower one. */
  #recordCollection(detail: ServerDetail | null): void {
    const { history, clock } = this.#context;
    const view = this.#view;
    const before = view.detail?.collections?.count;
    view.detail = detail;
    const last = detail?.collections;
    if (last && last.count !== before)
      history.add({ type: 'garbage_collected', at: clock.now(), bytes: last.bytesAfter });
  }

  /** Starts a sample read-back, which writes to the ledger. The next one makes up for a failure. */
  async #sampleObjects(signal: AbortSignal): Promise<void> {
    const { steadyStartsAt } = this;
    if (steadyStartsAt === null) return;
    const { run, clock, clients, logger } = this.#context;
    const now = clock.now();
    const dueAts = run.plan.faults.map(({ atSeconds }) => steadyStartsAt + atSeconds * 1_000);
    const nextFaultAt = Math.min(...dueAts.filter((at) => at > now));
    const isReady = this.#serverWatcher.ready;
    if (!this.#sampleTimes.isDue({ now, isReady, activeFaults: this.#view.activeFaults, nextFaultAt })) return;
    await clients.readBack(run.id, false, { signal }).catch((error: unknown) => {
      logger.debug({ err: describeError(error) }, 'the sample read-back failed to start');
    });
  }

  /** Sends the plan to a restarted scheduler, which skips the faults whose time has passed. */
  #resumeChaos(): void {
    const { clients, run } = this.#context;
    if (this.steadyStartsAt === null) return;
    const { steadyStartsAt } = this;
    clients.startChaos(run.id, run.plan, steadyStartsAt).catch((error: unknown) => {
      this.#break(`the scheduler restarted and rejected the plan: ${describeError(error)}`);
    });
  }
}
