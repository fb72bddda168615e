/**
 * Injects and reverts faults, and reconciles in one loop. Every dependency is an argument, so that
 * the same injector runs against two engines, in tests, and in virtual time.
 */
import type {
  EngineInfo,
  OpenFault,
  RevertAnswer,
  RunLeaseRequest,
  StartRequest,
  System,
  Target,
  TargetState,
} from '@encore/contracts';
import { type Clock, containerNames, describeError, EncoreError, type Logger, runsProxies } from '@encore/kit';
import type { ReadBreakers } from './breakers.ts';
import { serviceLog, servicesWithLogs } from './container-logs.ts';
import type { ContainerView, Engine } from './engine.ts';
import { EngineHealth } from './engine-health.ts';
import { EngineReporter } from './engine-reporter.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Deadline } from './fault-executor.ts';
import type { FaultTools, SendsProbes } from './fault-functions.ts';
import { FaultLog } from './fault-log.ts';
import { FaultRegistry, type InjectRequest, type InjectResult, type RevertResult } from './fault-registry.ts';
import { checkHygiene } from './hygiene.ts';
import type { Journal } from './journal.ts';
import type { LabProxies } from './lab-proxies.ts';
import { engineInfo, targetStates } from './lab-view.ts';
import type { LoadClient } from './load-client.ts';
import { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import { OwnStops } from './own-stops.ts';
import type { ExchangeProbe } from './proxy-probe.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import { RunLease } from './run-lease.ts';
import { sampleContainers } from './sampler.ts';
import { StartAttributor } from './start-attributor.ts';
import { Targets } from './targets.ts';

export interface InjectorDependencies {
  engine: Engine;
  project: string;
  system: System;
  proxies: LabProxies;
  proxyHost: SendsProbes['proxyHost'];
  exchange: ExchangeProbe;
  load: LoadClient;
  breakers: ReadBreakers;
  journal: Journal;
  metrics: InjectorMetrics;
  clock: Clock;
  deadline: Deadline;
  logger: Logger;
  /** Ends the process, so that its restart policy restarts it. */
  giveUp: (reason: string) => void;
}

const tickMs = 250;
const retryMs = 500;
const callMs = 5_000;
const restartMs = 25_000;
/** Key of the lock for granting and ending the run lease; no target has this name. */
const leaseKey = ' run lease';

export class Injector {
  readonly recorder: Recorder;
  readonly registry: FaultRegistry;
  readonly reconciler: Reconciler;
  readonly watch: EngineWatch;
  readonly reporter: EngineReporter;
  readonly engineHealth: EngineHealth;
  readonly #dependencies: InjectorDependencies;
  readonly #tools: FaultTools;
  readonly #lease: RunLease;
  readonly #lock = new KeyedLock();
  #healthy = false;
  #closing = false;

  constructor(dependencies: InjectorDependencies) {
    const {
      engine,
      project,
      system,
      proxies,
      proxyHost,
      exchange,
      load,
      breakers,
      journal,
      metrics,
      clock,
      deadline,
      logger,
    } = dependencies;
    this.#dependencies = dependencies;
    const faultLog = new FaultLog(logger, journal.faults);
    this.recorder = new Recorder(journal, clock, (event) => faultLog.add(event));
    this.#lease = new RunLease(journal, clock);
    const targets = new Targets(engine, project, system);
    this.watch = new EngineWatch(engine, project, lastEngineTime(journal) ?? clock.now(), clock, logger);
    const ownStops = new OwnStops(this.watch, clock);
    const starts = new StartAttributor(engine, targets, journal, clock, ownStops);
    this.#tools = {
      engine,
      targets,
      watch: this.watch,
      proxies,
      exchange,
      load,
      breakers,
      proxyHost,
      starts,
      ownStops,
      clock,
    };
    const shared = { tools: this.#tools, recorder: this.recorder, metrics, lock: this.#lock, deadline, clock, logger };
    const requireRun = (runId: string) => this.#lease.requireOpen(runId);
    this.registry = new FaultRegistry({ ...shared, journal, requireRun });
    const inRun = () => this.isInRun;
    this.reconciler = new Reconciler({ ...shared, registry: this.registry, inRun });
    this.engineHealth = new EngineHealth({
      ...shared,
      engine,
      watch: this.watch,
      project,
      inRun,
      lostUntil: lostUntil(journal),
      giveUp: dependencies.giveUp,
    });
    this.reporter = new EngineReporter({
      ...shared,
      engine,
      targets,
      watch: this.watch,
      starts,
      registry: this.registry,
      inRun,
    });
  }

  get isInRun(): boolean {
    return this.#lease.runId !== null;
  }

  /** True when the engine responds, the proxies exist and the last tick succeeded. */
  get ready(): boolean {
    return this.#healthy && this.engineHealth.responds && this.reconciler.proxiesReady;
  }

  /** Reverts what an earlier process left, then runs ticks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#dependencies;
    const checking = this.engineHealth.run(signal);
    while (!signal.aborted && !(await this.#learnRestartCounts())) await clock.sleep(retryMs, signal).catch(() => {});
    const watching = this.watch.run(signal);
    for (let tick = 0; !signal.aborted; tick += 1) {
      try {
        await this.tick(tick);
      } catch (error) {
        this.#healthy = false;
        logger.warn({ err: describeError(error) }, 'a tick of the injector failed');
      }
      await clock.sleep(tickMs, signal).catch(() => {});
    }
    await Promise.all([watching, checking]);
  }

  /**
   * Checks the run lease on each tick, the proxy and the active faults every second, drift every 3
   * s, memory every 5 s.
   */
  async tick(tick: number): Promise<void> {
    if (this.#lease.expired) await this.#lock.run(leaseKey, () => this.#endExpiredLease());
    if (tick % 4 === 0) await this.reconciler.proxy();
    if (tick % 4 === 2) this.#closeEnded();
    if (tick % 12 === 0) await this.reconciler.drift();
    if (tick % 20 === 0) void this.#sample();
    this.#healthy = true;
  }

  /**
   * Throws RUN_HELD while another run has the lease, and FAULT_ACTIVE while a fault of a previous
   * run could not be reverted.
   */
  claim(request: RunLeaseRequest): Promise<void> {
    return this.#lock.run(leaseKey, async () => {
      const { journal, clock } = this.#dependencies;
      if (!this.#lease.isHeldBy(request)) {
        const { failed } = await this.reconciler.all('reconciled');
        const [left] = this.registry.open;
        if (left !== undefined) throw stillActive(left, failed);
        await journal.beginRun(request.runId, request.holder, request.ttlMs, clock.now());
        this.registry.forget();
      }
      this.#lease.grant(request);
    });
  }

  renewRun(runId: string): void {
    this.#lease.renew(runId);
  }

  endRun(runId: string): Promise<void> {
    return this.#lock.run(leaseKey, async () => {
      this.#lease.require(runId);
      this.#lease.beginEnd();
      await this.reconciler.all('released');
      await this.#lease.end();
    });
  }

  /** Throws RUN_OVER unless this run has the lease and is not ending. */
  requireRun(runId: string): void {
    this.#lease.requireOpen(runId);
  }

  async inject(request: InjectRequest): Promise<InjectResult> {
    this.requireRun(request.runId);
    return this.registry.inject(request);
  }

  /** Reverts a fault; one that has ended already counts as reverted. */
  release(faultId: string): Promise<RevertResult> {
    return this.registry.release(faultId);
  }

  /** Whether this fault was already injected, even by an earlier process of this service. */
  wasInjected(faultId: string): boolean {
    return this.registry.wasInjected(faultId);
  }

  revert(): Promise<RevertAnswer> {
    return this.reconciler.all('reconciled');
  }

  async hygiene(): Promise<void> {
    const findings = await checkHygiene(this.#tools, this.registry, this.#dependencies.deadline);
    await this.recorder.record({ type: 'hygiene_checked', ...findings });
  }

  targets(): Promise<TargetState[]> {
    return targetStates(this.#tools, this.registry, this.#dependencies.deadline);
  }

  services(): Promise<string[]> {
    return servicesWithLogs(this.#dependencies);
  }

  serviceLog(service: string, sinceMs: number): Promise<string> {
    return serviceLog(this.#dependencies, service, sinceMs);
  }

  engineInfo(): Promise<EngineInfo> {
    return engineInfo(this.#tools, this.#dependencies.deadline);
  }

  async startTarget(target: Target, request: StartRequest): Promise<void> {
    await this.#withTarget(target, request, async (view, signal) => {
      if (!['exited', 'created', 'dead'].includes(view.status))
        throw new EncoreError('NOT_STOPPED', `${target} is ${view.status}; only a stopped target can be started`);
      await this.#tools.starts.start(view, request.actor, request.reason, signal);
    });
  }

  async restartTarget(target: Target, request: StartRequest): Promise<void> {
    await this.#withTarget(target, request, (view, signal) =>
      this.#tools.starts.restart(view, request.actor, request.reason, signal),
    );
  }

  /** Reverts every active fault within the time limit; the next process would do it anyway. */
  async close(): Promise<void> {
    this.#lease.beginEnd();
    await this.registry.revertAll('reconciled');
    await this.reporter.flushed();
    await this.#dependencies.journal.close();
  }

  async #endExpiredLease(): Promise<void> {
    // The run may have taken the lease again while this waited.
    if (!this.#lease.expired) return;
    this.#dependencies.logger.warn({ run: this.#lease.runId }, 'the run lease ended, reverting everything');
    await this.reconciler.all('lease_ended');
    await this.#lease.end();
  }

  async #withTarget(
    target: Target,
    request: StartRequest,
    act: (view: ContainerView, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { system } = this.#dependencies;
    if (!containerNames(system).includes(target) || runsProxies(system, target))
      throw new EncoreError('INVALID_INPUT', `${target} is not a container that Encore starts`);
    this.#lease.require(request.runId);
    await this.#lock.run(target, async () => {
      if (this.registry.activeOn(target).startForbidden)
        throw new EncoreError('START_FORBIDDEN', `an active fault on ${target} forbids its start`);
      const { deadline } = this.#dependencies;
      await act(await this.#tools.targets.find(target, deadline(callMs)), deadline(restartMs));
    });
  }

  /**
   * Reads RestartCounts before the first event; otherwise the first crash would look like a foreign
   * start.
   */
  async #learnRestartCounts(): Promise<boolean> {
    const { engine, deadline, logger } = this.#dependencies;
    try {
      for (const { id } of await this.#tools.targets.list(deadline(callMs)))
        this.#tools.starts.learn(id, (await engine.inspect(id, deadline(callMs))).restartCount);
      return true;
    } catch (error) {
      logger.warn({ err: describeError(error) }, 'the engine does not respond yet');
      return false;
    }
  }

  /** Runs alongside the ticks, because it waits for a target's lock. */
  #closeEnded(): void {
    if (this.#closing) return;
    this.#closing = true;
    void this.registry
      .closeEnded()
      .catch((error: unknown) =>
        this.#dependencies.logger.warn({ err: describeError(error) }, 'the read-back of faults failed'),
      )
      .finally(() => {
        this.#closing = false;
      });
  }

  #sample(): Promise<void> {
    const { engine, metrics, deadline, logger } = this.#dependencies;
    return sampleContainers({
      engine,
      targets: this.#tools.targets,
      recorder: this.recorder,
      metrics,
      deadline,
      logger,
      inRun: () => this.isInRun,
    });
  }
}

function stillActive({ fault }: OpenFault, failed: readonly string[]): EncoreError {
  const reasons = failed.join('; ') || 'its revert is being retried';
  return new EncoreError(
    'FAULT_ACTIVE',
    `${fault.id} (${fault.kind} on ${fault.target}) of the previous run is still active: ${reasons}. Fix the cause and run encore revert, then start the run again`,
  );
}

/**
 * End of the recorded part of an engine loss that was still ongoing, in epoch milliseconds, also
 * after the run's lease has ended; null for none.
 */
function lostUntil(journal: Journal): number | null {
  const last = journal.events.findLast((event) => event.type === 'engine_lost');
  return last?.type === 'engine_lost' && last.ongoing ? last.toAt : null;
}

/** Time of the last recorded engine event; the watch resumes from it after a restart. */
function lastEngineTime(journal: Journal): number | null {
  if (journal.run === null) return null;
  const last = journal.events.findLast((event) => event.type === 'engine_event');
  return last?.type === 'engine_event' ? last.engineAt : journal.run.at;
}
