/** Describes lost writes; shows a zero only if every acknowledged score was read back. */
import type { Report } from '@encore/contracts';
import { pluralize } from '../text.ts';
import { thousands } from './format.ts';

export interface LostWrites {
  /** Null if unknown. */
  count: string | null;
  /** True if every acknowledged score was read back. */
  complete: boolean;
  /** The scores that were read back, as text. */
  scope: string;
}

export function lostWrites({ integrity }: Report): LostWrites {
  const { acknowledged, read_back: readBack, lost } = integrity;
  const count = lost === null ? null : thousands(lost);
  if (acknowledged === null) return { count, complete: false, scope: 'no ledger' };
  if (readBack === acknowledged) return { count, complete: true, scope: `${thousands(acknowledged)} acknowledged` };
  const some = readBack === null || readBack === 0 ? 'none' : thousands(readBack);
  return { count, complete: false, scope: `${some} of ${thousands(acknowledged)} acknowledged read back` };
}

/** For example `0 of 401 acknowledged`, or `not verified, 270 of 273 acknowledged read back`. */
export function lostWritesText(report: Report): string {
  const { count, complete, scope } = lostWrites(report);
  return `${count ?? 'not verified'}${complete ? ' of ' : ', '}${scope}`;
}

/** Sample read-backs, for example `150 scores in 3 samples`; null without any. */
export function sampledText({ integrity: { samples, sampled } }: Report): string | null {
  return samples === 0 ? null : `${pluralize(sampled, 'score')} in ${pluralize(samples, 'sample')}`;
}
