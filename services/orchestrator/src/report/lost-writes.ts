/** Lost writes in words: a zero only when every acknowledged score was read back, else how many were looked at. */
import type { Report } from '@encore/contracts';
import { counted } from '../judge/words.ts';
import { thousands } from './format.ts';

export interface LostWrites {
  /** Null where nobody can say. */
  count: string | null;
  /** Every acknowledged score was read back. */
  complete: boolean;
  /** What was looked at. */
  looked: string;
}

export function lostWrites({ integrity }: Report): LostWrites {
  const { acknowledged, read_back: readBack, lost } = integrity;
  const count = lost === null ? null : thousands(lost);
  if (acknowledged === null) return { count, complete: false, looked: 'no ledger' };
  if (readBack === acknowledged) return { count, complete: true, looked: `${thousands(acknowledged)} acknowledged` };
  const some = readBack === null || readBack === 0 ? 'none' : thousands(readBack);
  return { count, complete: false, looked: `${some} of ${thousands(acknowledged)} acknowledged read back` };
}

/** In one line: `0 of 401 acknowledged`, `not verified, 270 of 273 acknowledged read back`. */
export function lostWritesText(report: Report): string {
  const { count, complete, looked } = lostWrites(report);
  return `${count ?? 'not verified'}${complete ? ' of ' : ', '}${looked}`;
}

/** `150 scores in 3 samples`, of control windows; nothing when there were none. */
export function sampledText({ integrity: { samples, sampled } }: Report): string | null {
  return samples === 0 ? null : `${counted(sampled, 'score')} in ${counted(samples, 'sample')}`;
}
