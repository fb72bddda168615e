/** Lowers the live CPU limit. */

import { EncoreError } from '@encore/kit';
import type { ContainerView } from '../engine.ts';
import { baselineOf } from '../targets.ts';
import { currentTarget, idOf, runningTarget } from './container-target.ts';
import type { FaultSpec, FaultTools } from './fault-spec.ts';

const defaultCpus = 0.25;

export const cpuThrottle: FaultSpec = {
  kind: 'cpu-throttle',
  instant: false,
  forbidsStart: false,
  does: 'Lowers the live CPU limit (to a quarter of one CPU).',
  undoneBy: 'The baseline label’s CPUs are set again.',
  userSees: 'Slow answers; sheds when the server protects itself.',
  pitfalls: '`0` does not remove a CPU limit: only the baseline’s value does.',
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    if (baselineOf(view.labels).cpus === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no baseline label for its CPUs: a limit could not be undone`,
        {
          status: 409,
          definite: true,
        },
      );
    return { containerId: view.id, cpus: fault.params.cpus ?? defaultCpus };
  },
  act: async (tools, deed, signal) => {
    await tools.engine.updateCpus(idOf(deed), deed.saved.cpus ?? defaultCpus, signal);
    return {};
  },
  bite: async (tools, deed, signal) => {
    const limit = deed.saved.cpus ?? defaultCpus;
    const { cpus } = await tools.engine.inspect(idOf(deed), signal);
    // What it really gets is the proof: no more CPU time than the limit allows, with room for the quota's grain.
    const before = await tools.engine.stats(idOf(deed), signal);
    const from = tools.clock.now();
    await tools.clock.sleep(1_000, signal);
    const after = await tools.engine.stats(idOf(deed), signal);
    const used = (after.cpuSeconds - before.cpuSeconds) / ((tools.clock.now() - from) / 1_000);
    const within = Math.abs(cpus - limit) < 0.001 && used <= limit + 0.15;
    return { bit: within ? 'yes' : 'no', evidence: `limit ${cpus} CPUs, ${used.toFixed(2)} used over 1 s` };
  },
  undo: async (tools, deed, signal) => restoreCpus(tools, await currentTarget(tools, deed, signal), signal),
  verify: async (tools, deed, signal) => {
    const view = await currentTarget(tools, deed, signal);
    return { verified: view.cpus === baselineOf(view.labels).cpus, evidence: `the limit is ${view.cpus} CPUs` };
  },
};

export async function restoreCpus(
  { engine }: Pick<FaultTools, 'engine'>,
  view: ContainerView,
  signal: AbortSignal,
): Promise<void> {
  const { cpus } = baselineOf(view.labels);
  if (cpus !== null && view.cpus !== 0 && view.cpus !== cpus) await engine.updateCpus(view.id, cpus, signal);
}
