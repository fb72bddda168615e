/** Disconnects the target from the networks that it shares with the proxy. */
import type { PlannedFault } from '@encore/contracts';
import { EncoreError, withoutNumber } from '@encore/kit';
import { containerName, currentTarget, idOf, runningTarget } from './container-target.ts';
import type { FaultSpec, FaultTools } from './fault-spec.ts';
import { probesOf } from './toxic-fault.ts';

/** The first proxy that leads to the target. */
function proxyTo({ proxies }: FaultTools, { target }: PlannedFault): string {
  const [proxy] = proxies.leadingTo(target);
  if (proxy === undefined)
    throw new EncoreError('ENGINE_UNSUPPORTED', `no proxy leads to ${target}`, { status: 501, definite: true });
  return proxy;
}

export const partition: FaultSpec = {
  kind: 'partition',
  instant: false,
  forbidsStart: true,
  does: 'Disconnects the target from every network that it shares with the proxy; its health port stays reachable.',
  revertedBy: 'The injector reconnects it with its former aliases and address, which are in the journal.',
  userSees:
    'The proxy accepts but cannot reach the target: open connections are cut, new ones hang until the dial times out.',
  pitfalls:
    'A reconnect without aliases loses the service’s name. The first lookup after it may still return a cached negative answer.',
  prepare: async (tools, fault, signal) => {
    if (withoutNumber(fault.target) !== fault.target)
      throw new EncoreError(
        'ENGINE_UNSUPPORTED',
        `other replicas answer in place of ${fault.target}, which hides the effect`,
        {
          status: 501,
          definite: true,
        },
      );
    const { runsIn } = tools.proxies.address(proxyTo(tools, fault));
    const [view, proxy] = await Promise.all([runningTarget(tools, fault, signal), tools.targets.find(runsIn, signal)]);
    const shared = Object.entries(view.networks).filter(([name]) => name in proxy.networks);
    if (shared.length === 0)
      throw new EncoreError('ENGINE_UNSUPPORTED', `${containerName(fault)} shares no network with the proxy here`, {
        status: 501,
        definite: true,
      });
    return { containerId: view.id, endpoints: Object.fromEntries(shared) };
  },
  inject: async (tools, active, signal) => {
    for (const { networkId } of Object.values(active.saved.endpoints ?? {}))
      await tools.engine.disconnect(idOf(active), networkId, signal);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { networks } = await tools.engine.inspect(idOf(active), signal);
    const left = Object.keys(active.saved.endpoints ?? {}).every((name) => !(name in networks));
    const { end, bytes } = await probesOf(tools, proxyTo(tools, active.fault)).through({ timeoutMs: 1_500 });
    return {
      effect: left && bytes === 0 ? 'confirmed' : 'absent',
      evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}; through the proxy: ${end}, ${bytes} bytes`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { networks } = await currentTarget(tools, active, signal);
    const inPlace = Object.keys(active.saved.endpoints ?? {}).every((name) => !(name in networks));
    return { inPlace, evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}` };
  },
  revert: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    for (const [name, endpoint] of Object.entries(active.saved.endpoints ?? {}))
      if (!(name in view.networks)) await tools.engine.connect(view.id, endpoint, signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const { networks } = await currentTarget(tools, active, signal);
    const back = Object.entries(active.saved.endpoints ?? {}).every(([name, { aliases }]) =>
      aliases.every((alias) => networks[name]?.aliases.includes(alias)),
    );
    return { verified: back, evidence: `it is in ${Object.keys(networks).join(', ')}` };
  },
};
