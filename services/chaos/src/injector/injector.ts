/**
 * Injects faults and reverts them: verbs on targets, and one loop that reconciles. Everything that it depends
 * on is an argument, so that the same injector runs against two engines, in tests, and in virtual time.
 */
import type { EngineInfo, HealAnswer, RunLeaseRequest, StartRequest, Target, TargetState } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger } from '@encore/kit';
import { serviceLog, servicesWithLogs } from './container-logs.ts';
import type { ContainerView, Engine } from './engine.ts';
import { EngineHealth } from './engine-health.ts';
import { EngineReporter } from './engine-reporter.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Deadline } from './fault-hands.ts';
import { FaultKeeper, type InjectRequest, type InjectResult, type RevertResult } from './fault-keeper.ts';
import type { FaultTools } from './faults/fault-spec.ts';
import { Healer } from './healer.ts';
import { checkHygiene } from './hygiene.ts';
import type { Journal } from './journal.ts';
import { engineInfo, targetStates } from './lab-view.ts';
import type { ExchangeProbe } from './link-probe.ts';
import type { Links } from './links.ts';
import { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { RunLease } from './run-lease.ts';
import { sampleContainers } from './sampler.ts';
import type { ServerUser } from './server-user.ts';
import { StartBook } from './start-book.ts';
import type { StartSurge } from './surge.ts';
import { Targets } from './targets.ts';

export interface InjectorParts {
  engine: Engine;
  project: string;
  links: Links;
  proxyHost: string;
  exchange: ExchangeProbe;
  startSurge: StartSurge;
  user: ServerUser;
  journal: Journal;
  metrics: InjectorMetrics;
  clock: Clock;
  deadline: Deadline;
  logger: Logger;
  /** Ends the process, for its restart policy to start it again. */
  giveUp: (reason: string) => void;
}

const tickMs = 250;
const retryMs = 500;
const callMs = 5_000;
const restartMs = 25_000;

export class Injector {
  readonly recorder: Recorder;
  readonly keeper: FaultKeeper;
  readonly healer: Healer;
  readonly watch: EngineWatch;
  readonly reporter: EngineReporter;
  readonly engineHealth: EngineHealth;
  readonly #parts: InjectorParts;
  readonly #tools: FaultTools;
  readonly #lease: RunLease;
  readonly #lock = new KeyedLock();
  #healthy = false;
  #closing = false;

  constructor(parts: InjectorParts) {
    const { engine, project, links, proxyHost, exchange, startSurge, user, journal, metrics, clock, deadline, logger } =
      parts;
    this.#parts = parts;
    this.recorder = new Recorder(journal, clock);
    this.#lease = new RunLease(journal, clock);
    const starts = new StartBook(engine, journal, clock);
    this.watch = new EngineWatch(engine, project, lastEngineTime(journal) ?? clock.now(), clock, logger);
    this.#tools = {
      engine,
      targets: new Targets(engine, project),
      watch: this.watch,
      links,
      exchange,
      startSurge,
      user,
      proxyHost,
      starts,
      clock,
    };
    const shared = { tools: this.#tools, recorder: this.recorder, metrics, lock: this.#lock, deadline, clock, logger };
    this.keeper = new FaultKeeper({ ...shared, journal });
    this.healer = new Healer({ ...shared, keeper: this.keeper });
    const inRun = () => this.isInRun;
    this.engineHealth = new EngineHealth({
      ...shared,
      engine,
      watch: this.watch,
      project,
      inRun,
      lostUntil: lostEngineAt(journal),
      giveUp: parts.giveUp,
    });
    this.reporter = new EngineReporter({ ...shared, engine, watch: this.watch, starts, keeper: this.keeper, inRun });
  }

  get isInRun(): boolean {
    return this.#lease.runId !== null;
  }

  /** The engine was heard, the links are there, and the last round went well. */
  get ready(): boolean {
    return this.#healthy && this.engineHealth.responds && this.healer.linksReady;
  }

  /** Heals what a former life left, then keeps every promise until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    const checking = this.engineHealth.run(signal);
    while (!signal.aborted && !(await this.#learnRestartCounts())) await clock.sleep(retryMs, signal).catch(() => {});
    const watching = this.watch.run(signal);
    for (let tick = 0; !signal.aborted; tick += 1) {
      try {
        await this.tick(tick);
      } catch (error) {
        this.#healthy = false;
        logger.warn({ err: describeError(error) }, 'a round of the injector failed');
      }
      await clock.sleep(tickMs, signal).catch(() => {});
    }
    await Promise.all([watching, checking]);
  }

  /** Checks the run lease on each tick, the proxy and the active faults every second, drift every 3 s, memory every 5 s. */
  async tick(tick: number): Promise<void> {
    if (this.#lease.expired) {
      const holder = this.#lease.runId;
      this.#parts.logger.warn({ run: holder }, 'the run lease ended, everything is undone');
      await this.healer.all('lease_ended');
      await this.#lease.end();
    }
    if (tick % 4 === 0) await this.healer.proxy();
    if (tick % 4 === 2) this.#closeEnded();
    if (tick % 12 === 0) await this.healer.strays();
    if (tick % 20 === 0) void this.#sample();
    this.#healthy = true;
  }

  async claim(request: RunLeaseRequest): Promise<void> {
    if (!this.#lease.claim(request)) return;
    const { journal, clock } = this.#parts;
    await this.healer.all('healed');
    await journal.beginRun(request.runId, request.holder, request.ttlMs, clock.now());
    this.keeper.forget();
  }

  renewRun(runId: string): void {
    this.#lease.renew(runId);
  }

  async endRun(runId: string): Promise<void> {
    this.#lease.require(runId);
    await this.healer.all('released');
    await this.#lease.end();
  }

  /** Throws RUN_OVER unless this run holds the lab. */
  requireRun(runId: string): void {
    this.#lease.require(runId);
  }

  async inject(request: InjectRequest): Promise<InjectResult> {
    this.requireRun(request.runId);
    return this.keeper.inject(request);
  }

  /** Reverts a fault; one that is over already counts as reverted. */
  release(faultId: string): Promise<RevertResult> {
    return this.keeper.release(faultId);
  }

  /**
   * Whether this fault was injected already, also by a process of this service that has ended
   * since.
   */
  wasInjected(faultId: string): boolean {
    return this.keeper.wasInjected(faultId);
  }

  heal(): Promise<HealAnswer> {
    return this.healer.all('healed');
  }

  async hygiene(): Promise<void> {
    const findings = await checkHygiene(this.#tools, this.keeper, this.#parts.deadline);
    await this.recorder.tell({ type: 'hygiene_checked', ...findings });
  }

  targets(): Promise<TargetState[]> {
    return targetStates(this.#tools, this.keeper, this.#parts.deadline);
  }

  services(): Promise<string[]> {
    return servicesWithLogs(this.#parts);
  }

  serviceLog(service: string, sinceMs: number): Promise<string> {
    return serviceLog(this.#parts, service, sinceMs);
  }

  engineInfo(): Promise<EngineInfo> {
    return engineInfo(this.#tools, this.#parts.deadline);
  }

  async startTarget(target: Target, request: StartRequest): Promise<void> {
    await this.#withTarget(target, request, async (view, signal) => {
      if (!['exited', 'created', 'dead'].includes(view.status))
        throw new EncoreError('NOT_STOPPED', `${target} is ${view.status}`, { status: 409, definite: true });
      await this.#tools.starts.start(view, request.actor, request.reason, signal);
    });
  }

  async restartTarget(target: Target, request: StartRequest): Promise<void> {
    await this.#withTarget(target, request, (view, signal) =>
      this.#tools.starts.restart(view, request.actor, request.reason, signal),
    );
  }

  /** Undoes everything that is held, as far as the time allows: the next life would do it anyway. */
  async close(): Promise<void> {
    await this.keeper.undoAll('healed');
    await this.reporter.settled();
    await this.#parts.journal.close();
  }

  async #withTarget(
    target: Target,
    request: StartRequest,
    act: (view: ContainerView, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (target !== 'server' && target !== 'postgres')
      throw new EncoreError('INVALID_INPUT', `${target} is no container`, { status: 400, definite: true });
    this.#lease.require(request.runId);
    await this.#lock.run(target, async () => {
      if (this.keeper.heldOn(target).startForbidden)
        throw new EncoreError('START_FORBIDDEN', `an active fault on ${target} forbids its start`, {
          status: 409,
          definite: true,
        });
      const { deadline } = this.#parts;
      await act(await this.#tools.targets.find(target, deadline(callMs)), deadline(restartMs));
    });
  }

  /** RestartCounts from before the first event, or the first crash could not be told from a foreign start. */
  async #learnRestartCounts(): Promise<boolean> {
    const { engine, deadline, logger } = this.#parts;
    try {
      for (const { id } of await this.#tools.targets.list(deadline(callMs)))
        this.#tools.starts.learn(id, (await engine.inspect(id, deadline(callMs))).restartCount);
      return true;
    } catch (error) {
      logger.warn({ err: describeError(error) }, 'the engine does not answer yet');
      return false;
    }
  }

  /** Beside the ticks, for it waits where a target is being acted upon. */
  #closeEnded(): void {
    if (this.#closing) return;
    this.#closing = true;
    void this.keeper
      .closeEnded()
      .catch((error: unknown) => this.#parts.logger.warn({ err: describeError(error) }, 'no read-back of faults'))
      .finally(() => {
        this.#closing = false;
      });
  }

  #sample(): Promise<void> {
    const { engine, project, metrics, deadline, logger } = this.#parts;
    return sampleContainers({
      engine,
      project,
      recorder: this.recorder,
      metrics,
      deadline,
      logger,
      inRun: () => this.isInRun,
    });
  }
}

/**
 * Until when an engine is recorded as lost that has not been seen since, also when the run's lease
 * has ended; else null.
 */
function lostEngineAt(journal: Journal): number | null {
  const last = journal.events.findLast((event) => event.type === 'engine_lost');
  return last?.type === 'engine_lost' && last.ongoing ? last.toAt : null;
}

/** What happened while the injector was dead is asked for from the last event on that it told. */
function lastEngineTime(journal: Journal): number | null {
  if (journal.run === null) return null;
  const last = journal.events.findLast((event) => event.type === 'engine_saw');
  return last?.type === 'engine_saw' ? last.engineAt : journal.run.at;
}
