/**
 * Reverts what no active fault covers: only what the journal records, or where a limit differs from
 * the original one. Never starts a container that exited by itself; starts one that an outage
 * left down once the run is over.
 */
import type { RevertAnswer } from '@encore/contracts';
import { type Clock, describeError, EncoreError, isProxy, type Logger } from '@encore/kit';
import type { ContainerView } from './engine.ts';
import type { Deadline } from './fault-executor.ts';
import type { FaultRegistry } from './fault-registry.ts';
import { containerName } from './faults/container-target.ts';
import { restoreCpus } from './faults/cpu-throttle.ts';
import type { FaultTools } from './faults/fault-spec.ts';
import { restoreMemory } from './faults/memory-cap.ts';
import { isOurs } from './lab-proxies.ts';
import type { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { ProxyState } from './toxiproxy-api.ts';

interface Dependencies {
  tools: FaultTools;
  registry: FaultRegistry;
  recorder: Recorder;
  metrics: InjectorMetrics;
  lock: KeyedLock;
  deadline: Deadline;
  clock: Clock;
  logger: Logger;
  inRun: () => boolean;
}

const callMs = 5_000;
const restartMs = 25_000;
/** Toxiproxy is considered frozen after this long without a response. */
const frozenAfterMs = 6_000;

export class Reconciler {
  readonly #dependencies: Dependencies;
  #proxyFailsSince: number | null = null;
  #proxiesExisted = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  get proxiesReady(): boolean {
    return this.#proxiesExisted && this.#proxyFailsSince === null;
  }

  /**
   * Reverts everything, at the end of a run or on request; also starts a target that an outage left
   * down.
   */
  async all(cause: 'reconciled' | 'released' | 'lease_ended'): Promise<RevertAnswer> {
    const reverted = await this.#dependencies.registry.revertAll(cause);
    return joined([reverted, await this.#startPending(), await this.drift()]);
  }

  /** Starts targets that an outage left down. */
  #startPending(): Promise<RevertAnswer> {
    const { registry, tools, deadline, lock } = this.#dependencies;
    return this.#each('start', registry.pendingRestarts, async (fault) => {
      await lock.run(fault.target, async () => {
        const view = await tools.targets.find(containerName(fault), deadline(callMs));
        if (view.status === 'exited')
          await tools.starts.start(view, 'reconcile', `left down by ${fault.id}`, deadline(callMs));
        registry.targetStarted(fault.target);
      });
      return `start of ${fault.target}`;
    });
  }

  /**
   * Retries failed reverts and restores changed limits and proxies; outside a run, also retries the
   * start of a target that an outage left down. Runs every few seconds.
   */
  async drift(): Promise<RevertAnswer> {
    const { registry, tools, deadline, logger, inRun } = this.#dependencies;
    const again = await registry.revertAll(
      'reconciled',
      ({ fault, state }) => state === 'revert-failed' && !(isProxy(fault.target) && this.#proxyFailsSince !== null),
    );
    const containers = await tools.targets.list(deadline(callMs)).catch((error: unknown) => {
      logger.warn({ err: describeError(error) }, 'targets could not be listed');
      return [];
    });
    const limits = await this.#each('limits', containers, async ({ id }) =>
      this.#limits(await tools.engine.inspect(id, deadline(callMs))),
    );
    const proxies = await this.#each('proxies', tools.proxies.names, (proxy) => this.#restoreProxy(proxy));
    const started = inRun() ? [] : [await this.#startPending()];
    return joined([again, ...started, limits, proxies]);
  }

  /**
   * Toxiproxy starts empty and can freeze: both are recorded as failures of the injector and fixed.
   */
  async proxy(): Promise<void> {
    const { tools, registry, recorder, metrics, clock } = this.#dependencies;
    const startedAt = clock.now();
    try {
      const created = await tools.proxies.ensure();
      const failedFrom = this.#proxyFailsSince ?? startedAt;
      this.#proxyFailsSince = null;
      // At its own start the injector creates the proxies; that is not a failure.
      const lost = created.filter((proxy) => registry.activeOn(proxy).kinds.length > 0 || this.#proxiesExisted);
      this.#proxiesExisted = true;
      for (const proxy of created) await registry.lostByProxy(proxy, 'Toxiproxy restarted and lost the proxy');
      if (lost.length === 0) return;
      metrics.injectorFailed();
      await recorder.record({
        type: 'injector_failed',
        reason: `Toxiproxy restarted and lost ${lost.join(', ')}`,
        fromAt: failedFrom,
        toAt: clock.now(),
      });
    } catch (error) {
      this.#proxyFailsSince ??= startedAt;
      if (clock.now() - this.#proxyFailsSince < frozenAfterMs) return;
      await this.#restartProxy(this.#proxyFailsSince, describeError(error));
    }
  }

  async #restartProxy(fromAt: number, reason: string): Promise<void> {
    const { tools, deadline, recorder, metrics, clock, logger } = this.#dependencies;
    metrics.injectorFailed();
    logger.error({ reason }, 'Toxiproxy does not respond, restarting it');
    try {
      for (const container of tools.proxies.containers) {
        const { id } = await tools.targets.find(container, deadline(callMs));
        await tools.engine.restart(id, deadline(restartMs));
      }
    } finally {
      const toAt = clock.now();
      // The failure ends when the proxies exist again; the next tick records that.
      this.#proxyFailsSince = toAt;
      await recorder.record({ type: 'injector_failed', reason: `Toxiproxy did not respond: ${reason}`, fromAt, toAt });
    }
  }

  async #limits(view: ContainerView): Promise<string | null> {
    const { registry, tools, deadline, lock } = this.#dependencies;
    const target = tools.targets.nameOf(view);
    return lock.run(target, async () => {
      const { kinds } = registry.activeOn(target);
      const before = `${view.memoryBytes} ${view.memswapBytes} ${view.cpus}`;
      if (!kinds.includes('memory-cap')) await restoreMemory(tools, view, deadline(callMs));
      if (!kinds.includes('cpu-throttle')) await restoreCpus(tools, view, deadline(callMs));
      const after = await tools.engine.inspect(view.id, deadline(callMs));
      return before === `${after.memoryBytes} ${after.memswapBytes} ${after.cpus}` ? null : `limits of ${target}`;
    });
  }

  async #restoreProxy(proxy: string): Promise<string | null> {
    const { registry, tools, lock } = this.#dependencies;
    // Asking an unresponsive Toxiproxy again for each proxy would only delay its restart.
    if (this.#proxyFailsSince !== null)
      throw new EncoreError('PROXY_UNREACHABLE', 'Toxiproxy does not respond', { status: 503 });
    return lock.run(proxy, async () => {
      const state = (await this.#list())[proxy];
      if (state === undefined) return null;
      const live = new Set(registry.open.map(({ fault }) => `encore-${fault.id}`));
      const drift = state.toxics.filter((toxic) => isOurs(toxic) && !live.has(toxic.name));
      for (const { name } of drift) await tools.proxies.removeToxic(proxy, name);
      const closed = !state.enabled && !registry.activeOn(proxy).kinds.includes('connection-refused');
      if (closed) await tools.proxies.setEnabled(proxy, true);
      return drift.length > 0 || closed ? `${proxy}: ${drift.length} toxics${closed ? ', opened' : ''}` : null;
    });
  }

  /** Lists the proxies, and remembers when Toxiproxy stopped responding. */
  async #list(): Promise<Record<string, ProxyState>> {
    const { tools, clock } = this.#dependencies;
    const askedAt = clock.now();
    try {
      return await tools.proxies.api.list();
    } catch (error) {
      this.#proxyFailsSince ??= askedAt;
      throw error;
    }
  }

  async #each<T>(
    what: string,
    items: readonly T[],
    revertItem: (item: T) => Promise<string | null>,
  ): Promise<RevertAnswer> {
    const answer: RevertAnswer = { reverted: [], failed: [] };
    for (const item of items) {
      try {
        const reverted = await revertItem(item);
        if (reverted !== null) answer.reverted.push(reverted);
      } catch (error) {
        answer.failed.push(`${what}: ${describeError(error)}`);
      }
    }
    return answer;
  }
}

const joined = (answers: readonly RevertAnswer[]): RevertAnswer => ({
  reverted: answers.flatMap(({ reverted }) => reverted),
  failed: answers.flatMap(({ failed }) => failed),
});

