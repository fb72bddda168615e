/** Disconnects the target from the networks that it shares with the proxy. */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError, withoutNumber } from '@encore/kit';
import { z } from 'zod';
import type { ContainerView, Endpoint } from '../engine.ts';
import {
  type Fault,
  type FaultFunctions,
  type FindsTarget,
  type SendsProbes,
  savedContainer,
  type UsesEngine,
} from '../fault-functions.ts';
import type { LabProxies } from '../lab-proxies.ts';
import { currentTarget, runningTarget } from './container-target.ts';

type Tools = FindsTarget &
  SendsProbes & { proxies: Pick<LabProxies, 'address' | 'leadingTo'> } & UsesEngine<
    'disconnect' | 'connect' | 'inspect'
  >;
/** The networks that the container left, by name. */
const saved = savedContainer.extend({
  endpoints: z.record(
    z.string(),
    z.object({ networkId: z.string(), aliases: z.array(z.string()), fixedAddress: z.string() }),
  ),
});

/** The first proxy that leads to the target. */
function proxyTo({ proxies }: Pick<Tools, 'proxies'>, { target }: Fault<unknown>): string {
  const [proxy] = proxies.leadingTo(target);
  if (proxy === undefined)
    throw new EncoreError(
      'ENGINE_UNSUPPORTED',
      `no proxy leads to ${target}, so the effect could not be seen; list one of its ports`,
    );
  return proxy;
}

export const partition: FaultFunctions<ParamsOf<'partition'>, Tools, z.infer<typeof saved>> = {
  saved,
  prepare: async (tools, fault, signal) => {
    if (withoutNumber(fault.target) !== fault.target)
      throw new EncoreError(
        'ENGINE_UNSUPPORTED',
        `other replicas answer in place of ${fault.target}, which hides the effect`,
      );
    const { runsIn } = tools.proxies.address(proxyTo(tools, fault));
    const [view, proxy] = await Promise.all([runningTarget(tools, fault, signal), tools.targets.find(runsIn, signal)]);
    const shared = Object.entries(view.networks).filter(([name]) => name in proxy.networks);
    if (shared.length === 0)
      throw new EncoreError('ENGINE_UNSUPPORTED', `${fault.target} shares no network with the proxy`);
    return { containerId: view.id, endpoints: Object.fromEntries(shared) };
  },
  inject: async (tools, active, signal) => {
    for (const { networkId } of Object.values(active.saved.endpoints))
      await tools.engine.disconnect(active.saved.containerId, networkId, signal);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { networks } = await tools.engine.inspect(active.saved.containerId, signal);
    const left = Object.keys(active.saved.endpoints).every((name) => !(name in networks));
    const { end, bytes } = await tools.proxies.probes(proxyTo(tools, active.fault)).through({ timeoutMs: 1_500 });
    return {
      effect: left && bytes === 0 ? 'confirmed' : 'absent',
      evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}; through the proxy: ${end}, ${bytes} bytes`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { networks } = await currentTarget(tools, active, signal);
    const inPlace = Object.keys(active.saved.endpoints).every((name) => !(name in networks));
    return { inPlace, evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}` };
  },
  // A container that starts joins only the networks that it is still part of.
  endedBy: ['connect'],
  revert: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    for (const [name, endpoint] of Object.entries(active.saved.endpoints)) {
      if (isRestored(view, name, endpoint)) continue;
      // Connected by hand, usually without the names by which others find it.
      if (name in view.networks) await tools.engine.disconnect(view.id, endpoint.networkId, signal);
      await tools.engine.connect(view.id, endpoint, signal);
    }
  },
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const missing = Object.entries(active.saved.endpoints).filter(([name, saved]) => !isRestored(view, name, saved));
    const evidence = `it is in ${Object.keys(view.networks).join(', ') || 'no network'}`;
    if (missing.length === 0) return { verified: true, evidence };
    const names = missing.map(([name]) => name).join(', ');
    return { verified: false, evidence: `${evidence}; not with its original names and address in ${names}` };
  },
};

function isRestored({ networks }: ContainerView, name: string, { aliases, fixedAddress }: Endpoint): boolean {
  const now = networks[name];
  return now?.fixedAddress === fixedAddress && aliases.every((alias) => now.aliases.includes(alias));
}
