/**
 * Injects and reverts faults, and reconciles in one loop. Every dependency is an argument, so that
 * the same injector runs against two engines, in tests, and in virtual time.
 */
import type { EngineInfo, RevertAnswer, System, TargetState } from '@encore/contracts';
import { describeError } from '@encore/kit';
import type { ReadConnections } from './connections.ts';
import { serviceLog, servicesWithLogs } from './container-logs.ts';
import type { Engine } from './engine.ts';
import { EngineHealth } from './engine-health.ts';
import { EngineReporter } from './engine-reporter.ts';
import { EngineWatch } from './engine-watch.ts';
import type { FaultTools } from './fault-functions.ts';
import { FaultLifecycle, type InjectRequest, type InjectResult, type RevertResult } from './fault-lifecycle.ts';
import { FaultLog } from './fault-log.ts';
import { FaultRegistry } from './fault-registry.ts';
import { checkHygiene } from './hygiene.ts';
import type { InjectorContext } from './injector-context.ts';
import type { LabProxies } from './lab-proxies.ts';
import { engineInfo, targetStates } from './lab-view.ts';
import type { LoadClient } from './load-client.ts';
import { KeyedLock } from './lock.ts';
import { ProxyUses } from './proxy-uses.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import { RunLease } from './run-lease.ts';
import { sampleContainers } from './sampler.ts';
import { StartAttributor } from './start-attributor.ts';
import { TargetStarts } from './target-starts.ts';
import { Targets } from './targets.ts';

interface Dependencies extends Pick<InjectorContext, 'journal' | 'metrics' | 'clock' | 'deadline' | 'logger'> {
  engine: Engine;
  project: string;
  system: System;
  proxies: LabProxies;
  readConnections: ReadConnections;
  load: LoadClient;
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
  readonly #dependencies: Dependencies;
  readonly #context: InjectorContext;
  readonly #uses: ProxyUses;
  #healthy = false;
  #closing = false;

  constructor(dependencies: Dependencies) {
    const { engine, project, system, proxies, load } = dependencies;
    const { journal, metrics, clock, deadline, logger, readConnections, giveUp } = dependencies;
    this.#dependencies = dependencies;
    const faultLog = new FaultLog(logger, journal.faults);
    this.recorder = new Recorder(journal, clock, (event) => faultLog.add(event));
    const targets = new Targets(engine, project, system);
    this.watch = new EngineWatch(engine, project, journal.lastEngineTime ?? clock.now(), clock, logger);
    const { watch } = this;
    const starts = new StartAttributor(engine, targets, journal, watch, clock);
    const tools: FaultTools = { engine, targets, watch, proxies, load, starts, clock };
    this.registry = new FaultRegistry(journal, metrics);
    const { registry, recorder } = this;
    const inRun = () => this.isInRun;
    const context = {
      tools,
      registry,
      journal,
      recorder,
      metrics,
      lock: new KeyedLock(),
      clock,
      deadline,
      logger,
      inRun,
    };
    this.#context = context;
    this.#uses = new ProxyUses({ ...context, readConnections });
    this.lifecycle = new FaultLifecycle({ ...context, requireRun: (runId) => this.lease.requireOpen(runId) });
    const { lifecycle } = this;
    this.starts = new TargetStarts({ ...context, requireRun: (runId) => this.lease.require(runId) });
    this.reconciler = new Reconciler({ ...context, lifecycle });
    this.lease = new RunLease({ ...context, revertAll: (cause) => this.reconciler.all(cause) });
    this.engineHealth = new EngineHealth({ ...context, lostUntil: journal.engineLostUntil, giveUp });
    this.reporter = new EngineReporter({ ...context, lifecycle });
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
    if (tick % 20 === 0) void sampleContainers(this.#context);
    const { runId } = this.lease;
    if (tick % 20 === 10 && runId !== null) void this.#uses.look(runId);
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
    const findings = await checkHygiene(this.#context);
    await this.recorder.record({ type: 'hygiene_checked', ...findings });
  }

  targets(): Promise<TargetState[]> {
    return targetStates(this.#context);
  }

  services(): Promise<string[]> {
    return servicesWithLogs(this.#dependencies);
  }

  serviceLog(service: string, sinceMs: number): Promise<string> {
    return serviceLog(this.#dependencies, service, sinceMs);
  }

  engineInfo(): Promise<EngineInfo> {
    return engineInfo(this.#context, this.#dependencies.readConnections);
  }

  /** Reverts every active fault within the time limit; the next process would do it anyway. */
  async close(): Promise<void> {
    this.lease.beginEnd();
    await this.lifecycle.revertAll('reconciled');
    await this.reporter.flushed();
    await this.#dependencies.journal.close();
  }

  /**
   * Reads RestartCounts before the first event; otherwise the first restart by the policy would
   * look like an external start.
   */
  async #learnRestartCounts(): Promise<boolean> {
    const { engine, deadline, logger } = this.#dependencies;
    try {
      for (const { id } of await this.#context.tools.targets.list(deadline(callMs)))
        this.#context.tools.starts.learn(id, (await engine.inspect(id, deadline(callMs))).restartCount);
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
}
