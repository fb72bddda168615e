/** Disconnects the target from the networks that it shares with the proxy. */
import { EncoreError } from '@encore/kit';
import { containerName, currentTarget, idOf, runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { probesOf } from './toxic-fault.ts';

export const partition: FaultSpec = {
  kind: 'partition',
  instant: false,
  forbidsStart: true,
  does: 'Disconnects the target from every network that it shares with the proxy; its health port stays reachable.',
  undoneBy: 'The injector reconnects it with its former aliases and address, which are in the journal.',
  userSees:
    'The proxy accepts but cannot reach the target: open connections are cut, new ones hang until the dial times out.',
  pitfalls:
    'A reconnect without aliases loses the service’s name. The first lookup after it may still return a cached negative answer.',
  prepare: async (tools, fault, signal) => {
    const [view, proxy] = await Promise.all([
      runningTarget(tools, fault, signal),
      tools.targets.find('toxiproxy', signal),
    ]);
    const shared = Object.entries(view.networks).filter(([name]) => name in proxy.networks);
    if (shared.length === 0)
      throw new EncoreError('ENGINE_UNSUPPORTED', `${containerName(fault)} shares no network with the proxy here`, {
        status: 501,
        definite: true,
      });
    return { containerId: view.id, endpoints: Object.fromEntries(shared) };
  },
  act: async (tools, deed, signal) => {
    for (const { networkId } of Object.values(deed.saved.endpoints ?? {}))
      await tools.engine.disconnect(idOf(deed), networkId, signal);
    return {};
  },
  bite: async (tools, deed, signal) => {
    const { networks } = await tools.engine.inspect(idOf(deed), signal);
    const left = Object.keys(deed.saved.endpoints ?? {}).every((name) => !(name in networks));
    const { end, bytes } = await probesOf(tools, 'client-link').through({ timeoutMs: 1_500 });
    return {
      bit: left && bytes === 0 ? 'yes' : 'no',
      evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}; through the proxy: ${end}, ${bytes} bytes`,
    };
  },
  readBack: async (tools, deed, signal) => {
    const { networks } = await currentTarget(tools, deed, signal);
    const inPlace = Object.keys(deed.saved.endpoints ?? {}).every((name) => !(name in networks));
    return { inPlace, evidence: `it is in ${Object.keys(networks).join(', ') || 'no network'}` };
  },
  undo: async (tools, deed, signal) => {
    const view = await currentTarget(tools, deed, signal);
    for (const [name, endpoint] of Object.entries(deed.saved.endpoints ?? {}))
      if (!(name in view.networks)) await tools.engine.connect(view.id, endpoint, signal);
  },
  verify: async (tools, deed, signal) => {
    const { networks } = await currentTarget(tools, deed, signal);
    const back = Object.entries(deed.saved.endpoints ?? {}).every(([name, { aliases }]) =>
      aliases.every((alias) => networks[name]?.aliases.includes(alias)),
    );
    return { verified: back, evidence: `it is in ${Object.keys(networks).join(', ')}` };
  },
};
