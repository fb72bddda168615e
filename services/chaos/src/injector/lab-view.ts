/** Describes the lab for the API: its engine, and the state of each target. */
import { type EngineInfo, faultKinds, kindOf, type System, type TargetState } from '@encore/contracts';
import { ownValue, plannedSystem, runsProxies, targetsAllowing } from '@encore/kit';
import type { ReadConnections } from './connections.ts';
import { type ContainerView, label, serviceOf } from './engine.ts';
import type { FaultTools } from './fault-functions.ts';
import type { InjectorContext } from './injector-context.ts';
import { misfitOf } from './proxy-probe.ts';

const callMs = 5_000;
const exchangeMs = 1_500;

export async function engineInfo(
  { tools, deadline }: Pick<InjectorContext, 'tools' | 'deadline'>,
  readConnections: ReadConnections,
): Promise<EngineInfo> {
  const { engine, proxies, targets } = tools;
  const facts = await engine.facts(deadline(callMs));
  const containers = await engine.list(targets.project, deadline(callMs));
  const views = await Promise.all(containers.map(({ id }) => engine.inspect(id, deadline(callMs))));
  const running = views.filter(({ status, labels }) => !notRunning.includes(status) && labels[label.oneoff] !== 'True');
  return {
    system: plannedSystem(targets.system),
    ...facts,
    composeVersion: containers.map(({ labels }) => labels[label.composeVersion]).find(Boolean) ?? null,
    checkouts: valuesBy(
      ({ labels }) => labels[label.checkout],
      views,
      ({ name }) => [name],
    ),
    running: valuesBy(serviceOf, running.filter(isOfLab), ({ name }) => [name]),
    restartPolicies: valuesBy(serviceOf, running, ({ restartSetup }) => [restartSetup.policy]),
    images: Object.fromEntries(views.map(({ name, image }) => [name, image])),
    outdated: views
      .filter((view, i) => view.status === 'running' && view.image !== containers[i]?.image)
      .map(({ name }) => name),
    publishedPorts: valuesBy(
      ({ labels, name }) => labels[label.service] ?? name,
      views,
      ({ publishedPorts }) => publishedPorts,
    ),
    toxiproxy: await proxies.version(),
    proxyMisfits: await proxyMisfits(tools),
    seesConnections: (await Promise.all(views.map(readConnections))).some((connections) => connections !== null),
    restartSetups: Object.fromEntries(
      views
        .filter(({ labels }) => needsRestartSetup(targets.system, labels[label.target]))
        .map(({ name, restartSetup }) => [name, restartSetup]),
    ),
    withoutRestartPolicy: views.flatMap(({ labels, restartSetup }) => {
      const target = labels[label.target];
      return target === undefined || restartSetup.policy !== 'no' ? [] : [target];
    }),
    healthChecks: Object.fromEntries(
      views.flatMap(({ labels, healthCheckSeconds }) => {
        const target = labels[label.target];
        return target === undefined || healthCheckSeconds === null ? [] : [[target, healthCheckSeconds]];
      }),
    ),
    unsupported: unsupportedKinds(targets.system),
  };
}

/** What this lab does not support, as far as it can be known without trying. */
export function unsupportedKinds(system: System): Record<string, string> {
  const all = { ...system.containers, ...system.proxies };
  const unsupported: Record<string, string> = {};
  for (const kind of faultKinds) {
    const reasons = targetsAllowing(system, kind).map((target) => all[target]?.unsupported[kind]);
    if (!reasons.includes(undefined)) unsupported[kind] = reasons[0] ?? 'no target of the system allows it';
  }
  return unsupported;
}

/** What was wrong with an exchange through each proxy, by its name. */
async function proxyMisfits(tools: FaultTools): Promise<Record<string, string>> {
  const { proxies } = tools.targets.system;
  const found = await Promise.all(
    Object.entries(proxies).map(async ([name, { probe }]) => {
      const misfit = misfitOf(probe, await tools.proxies.probes(name).through({ timeoutMs: exchangeMs }));
      return misfit === null ? [] : [[name, misfit]];
    }),
  );
  return Object.fromEntries(found.flat());
}

const allowedKindsOf = ({ containers }: System, name = ''): readonly string[] =>
  ownValue(containers, name)?.allowedKinds ?? [];

/**
 * A crash that bypasses the engine needs no setup; the target is judged under the policy that it
 * has.
 */
const needsRestartSetup = (system: System, name = ''): boolean =>
  ownValue(system.containers, name)?.crash === undefined &&
  allowedKindsOf(system, name).some((kind) => needingRestartPolicy.includes(kind));

const needingRestartPolicy: readonly string[] = faultKinds.filter((kind) => kindOf(kind).needsRestartPolicy === true);
const notRunning: readonly string[] = ['created', 'exited', 'dead', 'removing'];

/** Targets and the lab's own services, but nothing else of a user's own project. */
const isOfLab = ({ labels }: ContainerView): boolean =>
  labels[label.target] !== undefined || labels[label.run] === undefined;

/** The values of all containers with the same key; a container may have none. */
function valuesBy<Value>(
  keyOf: (view: ContainerView) => string | undefined,
  views: readonly ContainerView[],
  valuesOf: (view: ContainerView) => readonly Value[],
): Record<string, Value[]> {
  const values: Record<string, Value[]> = {};
  for (const view of views) {
    const key = keyOf(view);
    if (key !== undefined) values[key] = [...(values[key] ?? []), ...valuesOf(view)];
  }
  return values;
}

export async function targetStates({
  tools,
  deadline,
}: Pick<InjectorContext, 'tools' | 'deadline'>): Promise<TargetState[]> {
  const { targets, engine } = tools;
  const found = await targets.list(deadline(callMs));
  const views = await Promise.all(found.map(({ id }) => engine.inspect(id, deadline(callMs))));
  return views
    .filter(({ labels }) => !runsProxies(targets.system, labels[label.target] ?? ''))
    .map((view) => ({ target: targets.nameOf(view), status: view.status, exitCode: view.exitCode, pid: view.pid }));
}
