/** Connections that are cut after so many bytes. */
import { looksCut } from './limit-data-bite.ts';
import { toxicFault } from './toxic-fault.ts';

const defaultBytes = 2_048;

export const limitData = toxicFault({
  kind: 'limit-data',
  type: 'limit_data',
  direction: 'downstream',
  attributes: ({ bytes = defaultBytes }) => ({ bytes }),
  bite: (looks, { params: { bytes = defaultBytes } }) => looksCut(looks, bytes),
  does: 'Closes each connection after so many bytes (2048, answers).',
  userSees: 'Bodies cut in the middle, on kept connections even small ones.',
  pitfalls: 'A client that does not compare the length takes half a score for a whole one.',
});
