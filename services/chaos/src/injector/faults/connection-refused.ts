/** Refuses connections, as a host without a listener does. */
import { EncoreError } from '@encore/kit';
import type { FaultSpec } from './fault-spec.ts';
import { linkOf, probesOf } from './toxic-fault.ts';

export const connectionRefused: FaultSpec = {
  kind: 'connection-refused',
  instant: false,
  forbidsStart: false,
  does: 'Closes the proxy’s listener and its connections.',
  undoneBy: 'The proxy opens its listener again.',
  userSees: 'New connections are refused immediately; open requests are cut.',
  pitfalls: 'A dead server behind a proxy looks different: the proxy accepts, then closes the connection.',
  prepare: async (tools, fault) => {
    if (!(await tools.links.state(linkOf(fault))).enabled)
      throw new EncoreError('TARGET_NOT_RUNNING', `${fault.target} is closed already`, { status: 409, definite: true });
    return {};
  },
  act: async (tools, { fault }) => {
    await tools.links.setEnabled(linkOf(fault), false);
    return {};
  },
  bite: async (tools, { fault }) => {
    const { end, totalMs } = await probesOf(tools, linkOf(fault)).through({ timeoutMs: 1_500 });
    return {
      bit: end === 'refused' ? 'yes' : 'no',
      evidence: `a new connection: ${end} after ${totalMs.toFixed(0)} ms`,
    };
  },
  readBack: async (tools, { fault }) => {
    const { enabled } = await tools.links.state(linkOf(fault));
    return { inPlace: !enabled, evidence: `the proxy is ${enabled ? 'open' : 'closed'}` };
  },
  undo: async (tools, { fault }) => {
    const { enabled } = await tools.links.state(linkOf(fault));
    if (!enabled) await tools.links.setEnabled(linkOf(fault), true);
  },
  verify: async (tools, { fault }) => {
    const { enabled } = await tools.links.state(linkOf(fault));
    return { verified: enabled, evidence: `the proxy is ${enabled ? 'open' : 'closed'}` };
  },
};
