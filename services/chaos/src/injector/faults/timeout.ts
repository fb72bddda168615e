/** A black hole: connections are accepted and nothing passes. */
import { compare, milliseconds, toxicFault } from './toxic-fault.ts';

const watchMs = 700;

export const timeout = toxicFault({
  kind: 'timeout',
  type: 'timeout',
  // Downstream the server would see each request, and its closing would end the link at once.
  direction: 'upstream',
  attributes: ({ timeoutMs = 0 }) => ({ timeout: timeoutMs }),
  bite: async (looks) => {
    const { through, direct } = await compare(looks, { timeoutMs: watchMs });
    const silent = through.connectMs !== null && through.bytes === 0 && through.end !== 'refused';
    return {
      bit: silent ? 'yes' : 'no',
      evidence: `connected in ${milliseconds(through.connectMs)}, then ${through.bytes} bytes in ${watchMs} ms; directly ${milliseconds(direct.firstByteMs)}`,
    };
  },
  does: 'Lets connections be made and swallows what is sent (until the undo, or each for so long).',
  undoneBy: 'The toxic is removed, which closes the connections that it held.',
  userSees: 'Requests run into their deadline; at the end of the fault the open ones are cut.',
  pitfalls: 'The undo makes errors of its own: they belong to the fault’s window.',
});
