/** Refuses connections, as a host without a listener does. */
import { EncoreError } from '@encore/kit';
import type { FaultSpec } from './fault-spec.ts';
import { probesOf, proxyOf } from './toxic-fault.ts';

export const connectionRefused: FaultSpec = {
  kind: 'connection-refused',
  instant: false,
  forbidsStart: false,
  does: 'Closes the proxy’s listener and its connections.',
  revertedBy: 'The proxy opens its listener again.',
  userSees: 'New connections are refused immediately; open requests are cut.',
  pitfalls: 'A dead server behind a proxy looks different: the proxy accepts, then closes the connection.',
  prepare: async (tools, fault) => {
    if (!(await tools.proxies.state(proxyOf(fault))).enabled)
      throw new EncoreError('TARGET_NOT_RUNNING', `${fault.target} is closed already`, { status: 409, definite: true });
    return {};
  },
  inject: async (tools, { fault }) => {
    await tools.proxies.setEnabled(proxyOf(fault), false);
    return {};
  },
  checkEffect: async (tools, { fault }) => {
    const { end, totalMs } = await probesOf(tools, proxyOf(fault)).through({ timeoutMs: 1_500 });
    return {
      effect: end === 'refused' ? 'confirmed' : 'absent',
      evidence: `a new connection: ${end} after ${totalMs.toFixed(0)} ms`,
    };
  },
  readBack: async (tools, { fault }) => {
    const { enabled } = await tools.proxies.state(proxyOf(fault));
    return { inPlace: !enabled, evidence: `the proxy is ${enabled ? 'open' : 'closed'}` };
  },
  revert: async (tools, { fault }) => {
    const { enabled } = await tools.proxies.state(proxyOf(fault));
    if (!enabled) await tools.proxies.setEnabled(proxyOf(fault), true);
  },
  verifyReverted: async (tools, { fault }) => {
    const { enabled } = await tools.proxies.state(proxyOf(fault));
    return { verified: enabled, evidence: `the proxy is ${enabled ? 'open' : 'closed'}` };
  },
};
