/**
 * Injects and reverts faults, and reconciles in one loop. Every dependency is an argument, so that
 * the same injector runs against two engines, in tests, and in virtual time.
 */
import type { EngineInfo, RevertAnswer, System, TargetState } from '@encore/contracts';
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { ReadBreakers } from './breakers.ts';
import type { ReadConnections } from './connections.ts';
import { serviceLog, servicesWithLogs } from './container-logs.ts';
import type { Engine } from './engine.ts';
import { EngineHealth } from './engine-health.ts';
import { EngineReporter } from './engine-reporter.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Deadline } from './fault-executor.ts';
import type { FaultTools, SendsProbes } from './fault-functions.ts';
import { FaultLifecycle, type InjectRequest, type InjectResult, type RevertResult } from './fault-lifecycle.ts';
import { FaultLog } from './fault-log.ts';
import { FaultRegistry } from './fault-registry.ts';
import { checkHygiene } from './hygiene.ts';
import type { Journal } from './journal.ts';
import type { LabProxies } from './lab-proxies.ts';
import { engineInfo, targetStates } from './lab-view.ts';
import type { LoadClient } from './load-client.ts';
import { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import { OwnStops } from './own-stops.ts';
import type { ExchangeProbe } from './proxy-probe.ts';
import { ProxyUses } from './proxy-uses.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import { RunLease } from './run-lease.ts';
import { sampleContainers } from './sampler.ts';
import { StartAttributor } from './start-attributor.ts';
import { TargetStarts } from './target-starts.ts';
import { Targets } from './targets.ts';

export interface InjectorDependencies {
  engine: Engine;
  project: string;
  system: System;
  proxies: LabProxies;
  proxyHost: SendsProbes['proxyHost'];
  exchange: ExchangeProbe;
  readConnections: ReadConnections;
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

export class Injector {
  readonly lease: RunLease;
  readonly recorder: Recorder;
  readonly registry: FaultRegistry;
  readonly lifecycle: FaultLifecycle;
  readonly starts: TargetStarts;
  readonly reconciler: Reconciler;
  readonly watch: EngineWatch;
  readonly reporter: EngineReporter;
  readonly engineHealth: EngineHealth;
  readonly #dependencies: InjectorDependencies;
  readonly #tools: FaultTools;
  readonly #uses: ProxyUses;
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
      readConnections,
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
    const targets = new Targets(engine, project, system);
    this.watch = new EngineWatch(engine, project, journal.lastEngineTime ?? clock.now(), clock, logger);
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
    this.registry = new FaultRegistry(journal, metrics);
    const shared = {
      tools: this.#tools,
      registry: this.registry,
      recorder: this.recorder,
      metrics,
      lock: this.#lock,
      deadline,
      clock,
      logger,
      inRun: () => this.isInRun,
    };
    this.#uses = new ProxyUses({ ...shared, engine, targets, readConnections });
    const requireRun = (runId: string) => this.lease.requireOpen(runId);
    this.lifecycle = new FaultLifecycle({ ...shared, journal, requireRun });
    this.starts = new TargetStarts({ ...shared, requireRun: (runId) => this.lease.require(runId) });
    this.reconciler = new Reconciler({ ...shared, lifecycle: this.lifecycle });
    this.lease = new RunLease({ ...shared, journal, revertAll: (cause) => this.reconciler.all(cause) });
    this.engineHealth = new EngineHealth({
      ...shared,
      engine,
      watch: this.watch,
      project,
      lostUntil: journal.engineLostUntil,
      giveUp: dependencies.giveUp,
    });
    this.reporter = new EngineReporter({
      ...shared,
      engine,
      targets,
      watch: this.watch,
      starts,
      lifecycle: this.lifecycle,
    });
  }

  get isInRun(): boolean {
    return this.lease.runId !== null;
  }

  /** True when the engine responds, the proxies exist and the last tick succeeded. */
  get ready(): boolean {
    return this.#healthy && this.engineHealth.responds && this.reconciler.proxiesReady;
  }

  /** Reverts what an earlier process left active, then ticks until the signal aborts. */
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
   * s, memory and connections every 5 s.
   */
  async tick(tick: number): Promise<void> {
    await this.lease.endIfExpired();
    if (tick % 4 === 0) await this.reconciler.proxy();
    if (tick % 4 === 2) this.#closeEnded();
    if (tick % 12 === 0) await this.reconciler.drift();
    if (tick % 20 === 0) void this.#sample();
    if (tick % 20 === 10 && this.isInRun) void this.#uses.look();
    this.#healthy = true;
  }

  async inject(request: InjectRequest): Promise<InjectResult> {
    this.lease.requireOpen(request.runId);
    return this.lifecycle.inject(request);
  }

  /** Reverts a fault; one that has already ended counts as reverted. */
  release(faultId: string): Promise<RevertResult> {
    return this.lifecycle.release(faultId);
  }

  /** Whether this fault was already injected, even by an earlier process of this service. */
  wasInjected(faultId: string): boolean {
    return this.registry.targetOf(faultId) !== undefined;
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
    return engineInfo(this.#tools, this.#dependencies);
  }

  /** Reverts every active fault within the time limit; the next process would do it anyway. */
  async close(): Promise<void> {
    this.lease.beginEnd();
    await this.lifecycle.revertAll('reconciled');
    await this.reporter.flushed();
    await this.#dependencies.journal.close();
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
    void this.lifecycle
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
