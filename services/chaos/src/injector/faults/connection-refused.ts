/** Refuses connections, as a host without a listener does. */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import {
  type FaultFunctions,
  type SavedBase,
  type SendsProbes,
  savedProxy,
  type UsesProxy,
} from '../fault-functions.ts';
import { proxyNamed, proxyOf } from './toxic-fault.ts';

export const connectionRefused: FaultFunctions<ParamsOf<'connection-refused'>, SendsProbes & UsesProxy, SavedBase> = {
  saved: savedProxy,
  prepare: async (tools, fault) => {
    if (!(await tools.proxies.state(proxyOf(fault))).enabled)
      throw new EncoreError('TARGET_NOT_RUNNING', `proxy ${fault.target} is already closed`);
    return { containerId: null };
  },
  inject: async (tools, { fault }) => {
    await tools.proxies.setEnabled(proxyOf(fault), false);
    return {};
  },
  checkEffect: async (tools, { fault }) => {
    const { end, totalMs } = await tools.proxies.probes(proxyOf(fault)).through({ timeoutMs: 1_500 });
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
  restoreOriginal: async ({ proxies }, target) => {
    const proxy = proxyNamed(target);
    if ((await proxies.state(proxy)).enabled) return null;
    await proxies.setEnabled(proxy, true);
    return `${proxy}: opened`;
  },
};
