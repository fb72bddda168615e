/** Does nothing. */
import type { ToxicType } from './toxic.ts';

export const noop: ToxicType<never> = {
  defaults: {},
  pipe: (chunks) => chunks,
};
