/**
 * Reverts what no active fault covers: faults in the journal, and limits that differ from the
 * original ones. Never starts a container that exited on its own. Once the run is over, it starts a
 * container that an outage left down.
 */
import { faultKinds, kindOf, type RevertAnswer } from '@encore/contracts';
import { describeError, EncoreError, isProxy } from '@encore/kit';
import type { FaultLifecycle } from './fault-lifecycle.ts';
import { containerName } from './faults/container-target.ts';
import { functionsOf } from './faults/functions-of.ts';
import type { InjectorContext } from './injector-context.ts';
import { isOurs, toxicName } from './lab-proxies.ts';
import type { ProxyState } from './toxiproxy-api.ts';

interface Dependencies extends Omit<InjectorContext, 'journal'> {
  lifecycle: FaultLifecycle;
}

const callMs = 5_000;
const restartMs = 25_000;
/** Toxiproxy is considered frozen after this long without a response. */
const frozenAfterMs = 6_000;

export class Reconciler {
  readonly #dependencies: Dependencies;
  #proxyFailsSince: number | null = null;
  #proxiesExisted = false;
  /** The process of each Toxiproxy container when its proxies were last created. */
  readonly #processes = new Map<string, string>();
  /** Toxics of others that this run has already recorded. */
  readonly #foreignToxics = new Set<string>();

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
    const reverted = await this.#dependencies.lifecycle.revertAll(cause);
    return joined([reverted, await this.#startPending(), await this.drift()]);
  }

  /** Starts targets that an outage left down. */
  #startPending(): Promise<RevertAnswer> {
    const { registry, tools, deadline, lock, clock } = this.#dependencies;
    return this.#each('start', registry.pendingRestarts, async (fault) => {
      await lock.run(fault.target, async () => {
        const view = await tools.targets.find(containerName(fault), deadline(callMs));
        if (view.status === 'exited')
          await tools.starts.start(view, 'reconcile', `left down by ${fault.id}`, deadline(callMs));
        registry.targetStarted(fault.target, clock.now());
      });
      return `start of ${fault.target}`;
    });
  }

  /**
   * Retries failed reverts and restores changed limits and proxies; outside a run, also retries the
   * start of a target that an outage left down. Runs every few seconds.
   */
  async drift(): Promise<RevertAnswer> {
    const { lifecycle, tools, deadline, logger, lock, inRun } = this.#dependencies;
    const again = await lifecycle.revertAll(
      'reconciled',
      ({ fault, state }) => state === 'revert-failed' && !(isProxy(fault.target) && this.#proxyFailsSince !== null),
    );
    const containers = await tools.targets.list(deadline(callMs)).catch((error: unknown) => {
      logger.warn({ err: describeError(error) }, 'targets could not be listed');
      return [];
    });
    const names = containers.map((container) => tools.targets.nameOf(container));
    const restored = await this.#each('containers', names, (name) => lock.run(name, () => this.#restoreOriginal(name)));
    const proxies = await this.#each('proxies', tools.proxies.names, (proxy) => this.#restoreProxy(proxy));
    const started = inRun() ? [] : [await this.#startPending()];
    return joined([again, ...started, restored, proxies]);
  }

  /**
   * Toxiproxy starts empty and can freeze: both are recorded as failures of the injector and fixed.
   */
  async proxy(): Promise<void> {
    const { tools, registry, lifecycle, recorder, metrics, clock } = this.#dependencies;
    const startedAt = clock.now();
    try {
      const created = await tools.proxies.ensure();
      const failedFrom = this.#proxyFailsSince ?? startedAt;
      this.#proxyFailsSince = null;
      const restarted = created.size === 0 ? [] : await this.#restarted();
      // The injector creates the proxies when it starts; that is not a failure.
      const lost = [...created].filter(([proxy]) => registry.on(proxy).length > 0 || this.#proxiesExisted);
      this.#proxiesExisted = true;
      const lostInRestart: string[] = [];
      for (const [proxy, change] of lost) {
        if (restarted.includes(tools.proxies.address(proxy).runsIn)) {
          lostInRestart.push(proxy);
          await lifecycle.lostByProxy(proxy, 'reconciled', 'Toxiproxy restarted and lost the proxy');
        } else {
          await lifecycle.lostByProxy(proxy, 'external', `something outside the lab changed the proxy: ${change}`);
          await this.#changed(proxy, `${change}; Encore created it again`);
        }
      }
      if (lostInRestart.length === 0) return;
      metrics.injectorFailed();
      await recorder.record({
        type: 'injector_failed',
        reason: `Toxiproxy restarted and lost ${lostInRestart.join(', ')}`,
        fromAt: failedFrom,
        toAt: clock.now(),
      });
    } catch (error) {
      this.#proxyFailsSince ??= startedAt;
      if (clock.now() - this.#proxyFailsSince < frozenAfterMs) return;
      await this.#restartProxy(this.#proxyFailsSince, describeError(error));
    }
  }

  /**
   * The Toxiproxy containers whose process has changed since the last call, or that the engine does
   * not report. A restart loses the proxies; otherwise something else changed them.
   */
  async #restarted(): Promise<string[]> {
    const { tools, deadline } = this.#dependencies;
    const restarted: string[] = [];
    for (const container of tools.proxies.containers) {
      const view = await tools.targets.find(container, deadline(callMs)).catch(() => null);
      const process = view === null ? '' : `${view.id} ${view.startedAtMs}`;
      if (view === null || this.#processes.get(container) !== process) restarted.push(container);
      this.#processes.set(container, process);
    }
    return restarted;
  }

  /** Records a change of a proxy that Encore did not make. */
  async #changed(proxy: string, change: string): Promise<void> {
    const { recorder, inRun } = this.#dependencies;
    if (inRun()) await recorder.record({ type: 'proxy_changed', target: proxy, change });
  }

  async #restartProxy(fromAt: number, reason: string): Promise<void> {
    const { tools, deadline, recorder, metrics, clock, logger } = this.#dependencies;
    metrics.injectorFailed();
    logger.error({ reason }, 'Toxiproxy does not respond; restarting it');
    const restartRequestedAt = clock.now();
    try {
      for (const container of tools.proxies.containers) {
        const { id } = await tools.targets.find(container, deadline(callMs));
        await tools.engine.restart(id, deadline(restartMs));
      }
    } finally {
      const toAt = clock.now();
      // The failure ends when the proxies exist again; the next tick records that.
      this.#proxyFailsSince = toAt;
      await recorder.record({
        type: 'injector_failed',
        reason: `Toxiproxy did not respond: ${reason}`,
        fromAt,
        toAt,
        restartRequestedAt,
      });
    }
  }

  /**
   * Restores what a kind may change, unless an active fault changes it now; returns what was
   * restored, or null. Call with the target's lock held.
   */
  async #restoreOriginal(target: string): Promise<string | null> {
    const { registry, tools, deadline } = this.#dependencies;
    const kinds = registry.kindsChanging(target);
    const restored: string[] = [];
    for (const kind of faultKinds.filter((name) => !kinds.includes(name))) {
      if ((kindOf(kind).actsOn === 'proxy') !== isProxy(target)) continue;
      const what = (await functionsOf[kind].restoreOriginal?.(tools, target, deadline(callMs))) ?? null;
      if (what !== null) restored.push(what);
    }
    return restored.length === 0 ? null : restored.join(', ');
  }

  async #restoreProxy(proxy: string): Promise<string | null> {
    const { registry, tools, lock } = this.#dependencies;
    // Querying an unresponsive Toxiproxy again for each proxy would only delay its restart.
    if (this.#proxyFailsSince !== null) throw new EncoreError('PROXY_UNREACHABLE', 'Toxiproxy does not respond');
    return lock.run(proxy, async () => {
      const state = (await this.#list())[proxy];
      if (state === undefined) return null;
      const live = new Set(registry.open.map(({ fault }) => toxicName(fault.id)));
      const drift = state.toxics.filter((toxic) => isOurs(toxic) && !live.has(toxic.name));
      for (const { name } of drift) await tools.proxies.removeToxic(proxy, name);
      if (tools.proxies.isClosedByOthers(state)) await this.#changed(proxy, 'it was closed; Encore opens it again');
      await this.#recordForeignToxics(state);
      const restored = await this.#restoreOriginal(proxy);
      const removed =
        drift.length === 0 ? null : `${proxy}: ${drift.length} ${drift.length === 1 ? 'toxic' : 'toxics'}`;
      return [removed, restored].filter((what) => what !== null).join(', ') || null;
    });
  }

  /** Records toxics that Encore did not add. They stay: Encore removes only its own. */
  async #recordForeignToxics({ name: proxy, toxics }: ProxyState): Promise<void> {
    if (!this.#dependencies.inRun()) return this.#foreignToxics.clear();
    for (const { name, type, attributes } of toxics.filter((toxic) => !isOurs(toxic))) {
      const toxic = `${proxy} ${name}`;
      if (this.#foreignToxics.has(toxic)) continue;
      this.#foreignToxics.add(toxic);
      await this.#changed(proxy, `it has the toxic ${name} (${type} ${JSON.stringify(attributes)})`);
    }
  }

  /** Lists the proxies, and remembers when Toxiproxy stopped responding. */
  async #list(): Promise<Record<string, ProxyState>> {
    const { tools, clock } = this.#dependencies;
    const askedAt = clock.now();
    try {
      return await tools.proxies.list();
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

/** A revert that failed may have been retried: its problem is listed once. */
const joined = (answers: readonly RevertAnswer[]): RevertAnswer => ({
  reverted: answers.flatMap(({ reverted }) => reverted),
  failed: [...new Set(answers.flatMap(({ failed }) => failed))],
});
