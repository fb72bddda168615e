/** Does a connection end after so many bytes? */
import type { Bite } from './fault-spec.ts';
import { compare, type Looks } from './toxic-fault.ts';

/** An answer has some 200 bytes at least; the requests ask for well more than the limit. */
const answerBytes = 150;
const maxRequests = 400;

export async function looksCut(looks: Looks, bytes: number): Promise<Bite> {
  const requests = Math.min(maxRequests, Math.ceil((bytes * 2) / answerBytes));
  const { through, direct } = await compare(looks, { requests, timeoutMs: 3_000 });
  const cut = through.bytes <= bytes && direct.bytes > bytes;
  return {
    bit: cut ? 'yes' : 'no',
    evidence: `${through.bytes} bytes through the link, then ${through.end}; ${direct.bytes} bytes directly`,
  };
}
