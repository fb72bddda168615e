/** Records the engine's events of the project, and attributes each start of a target. */
import { describeError, runsProxies } from '@encore/kit';
import { type ContainerView, type EngineEvent, label } from './engine.ts';
import type { FaultLifecycle } from './fault-lifecycle.ts';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies
  extends Pick<InjectorContext, 'tools' | 'registry' | 'recorder' | 'metrics' | 'deadline' | 'logger' | 'inRun'> {
  lifecycle: FaultLifecycle;
}

/** Beyond this number, the names are looked up again. */
const maxNames = 1_000;

export class EngineReporter {
  readonly #dependencies: Dependencies;
  /** Targets by container id; null for any other container. Network events carry no labels. */
  readonly #targets = new Map<string, string | null>();
  #queue: Promise<void> = Promise.resolve();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    dependencies.tools.watch.listen((event) => {
      // Sequentially, because the history must keep the order.
      this.#queue = this.#queue
        .then(() => this.#report(event))
        .catch((error: unknown) => {
          dependencies.logger.warn(
            { action: event.action, err: describeError(error) },
            'an engine event could not be recorded',
          );
        });
    });
  }

  /** Resolves once all events so far are recorded. */
  flushed(): Promise<void> {
    return this.#queue;
  }

  async #report(event: EngineEvent): Promise<void> {
    const { registry, lifecycle, recorder, metrics, tools, inRun } = this.#dependencies;
    const { starts, targets } = tools;
    if (event.type === 'network') return this.#reportNetwork(event);
    if (event.type !== 'container') return;
    const { action, attributes: labels, containerId } = event;
    const target = targets.nameOf({ labels, name: labels['name'] ?? containerId.slice(0, 12) });
    const { system } = targets;
    const isTarget = Object.hasOwn(system.containers, labels[label.target] ?? '') && !runsProxies(system, target);
    const started = action === 'start';
    const updated = action === 'update';
    const view = started || updated ? await this.#inspect(containerId) : undefined;
    const restartCount = started ? view?.restartCount : starts.restartCount(containerId);
    const by = started ? starts.attribute(event, restartCount ?? 0) : null;
    if (action === 'die') await lifecycle.targetDied(target);
    if (inRun()) {
      const { exitCode, signal, [label.checkout]: checkout } = labels;
      await recorder.record({
        type: 'engine_event',
        engineAt: event.atMs,
        target,
        action,
        ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
        ...(signal === undefined ? {} : { signal }),
        ...(restartCount === undefined ? {} : { restartCount }),
        ...(updated && view !== undefined ? { restartPolicy: view.restartSetup.policy } : {}),
        ...(action !== 'create' || checkout === undefined ? {} : { checkout }),
      });
      if (by && isTarget) {
        metrics.started(target, by.actor);
        await recorder.record({
          type: 'target_started',
          engineAt: event.atMs,
          target,
          actor: by.actor,
          reason: by.reason,
          ...(by.requestedAt === undefined ? {} : { requestedAt: by.requestedAt }),
        });
      }
    }
    if (started) registry.targetStarted(target, event.atMs);
  }

  /** A stop or start of a container also disconnects or connects it; the judge knows those. */
  async #reportNetwork({ containerId, action, atMs, attributes: { name: network } }: EngineEvent): Promise<void> {
    const { recorder, inRun } = this.#dependencies;
    if (!inRun()) return;
    const target = await this.#targetOf(containerId);
    if (target === null) return;
    await recorder.record({
      type: 'engine_event',
      engineAt: atMs,
      target,
      action,
      ...(network === undefined ? {} : { network }),
    });
  }

  async #targetOf(containerId: string): Promise<string | null> {
    const { tools, deadline } = this.#dependencies;
    const { targets } = tools;
    const known = this.#targets.get(containerId);
    if (known !== undefined) return known;
    if (this.#targets.size > maxNames) this.#targets.clear();
    this.#targets.set(containerId, null);
    for (const container of await targets.list(deadline(3_000)))
      this.#targets.set(container.id, targets.nameOf(container));
    return this.#targets.get(containerId) ?? null;
  }

  async #inspect(id: string): Promise<ContainerView | undefined> {
    const { tools, deadline, logger } = this.#dependencies;
    try {
      return await tools.engine.inspect(id, deadline(3_000));
    } catch (error) {
      logger.warn({ err: describeError(error) }, 'a started or updated container could not be inspected');
      return undefined;
    }
  }
}
