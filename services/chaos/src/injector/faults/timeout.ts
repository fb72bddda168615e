/** Accepts connections and drops all data. */
import { compare, milliseconds, toxicFault } from './toxic-fault.ts';

const watchMs = 700;

export const timeout = toxicFault({
  kind: 'timeout',
  type: 'timeout',
  // Downstream the server would receive each request, and its close would end the connection early.
  direction: 'upstream',
  attributes: ({ timeoutMs = 0 }) => ({ timeout: timeoutMs }),
  checkEffect: async (probes) => {
    const { through, direct } = await compare(probes, { timeoutMs: watchMs });
    const silent = through.connectMs !== null && through.bytes === 0 && through.end !== 'refused';
    return {
      effect: silent ? 'confirmed' : 'absent',
      evidence: `connected in ${milliseconds(through.connectMs)}, then ${through.bytes} bytes in ${watchMs} ms; directly ${milliseconds(direct.firstByteMs)}`,
    };
  },
  does: 'Accepts connections and drops all data (until the revert, or until each connection’s timeout).',
  revertedBy: 'The injector removes the toxic, which closes the affected connections.',
  userSees: 'Requests time out; the revert cuts the open ones.',
  pitfalls: 'The revert itself causes errors, which belong to the fault’s window.',
});
