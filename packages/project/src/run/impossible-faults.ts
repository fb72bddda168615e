/** Finds faults of a user's schedule that are impossible on their target, each with the reason. */
import { faultKinds, type KindReasons } from '@encore/contracts';
import { ownValue, withoutNumber } from '@encore/kit';
import { isObject, type SettingsObject } from '@encore/kit/settings-file';

/** Accepts any settings, even invalid ones, whose mistakes are reported elsewhere. */
export function impossibleFaults(
  { schedule }: SettingsObject,
  impossible: Readonly<Record<string, KindReasons>>,
): string[] {
  if (!Array.isArray(schedule)) return [];
  return schedule.flatMap((rule: unknown, index) => {
    if (!isObject(rule) || typeof rule['target'] !== 'string' || !Array.isArray(rule['faults'])) return [];
    const { target } = rule;
    const reasons = ownValue(impossible, withoutNumber(target)) ?? {};
    return rule['faults'].flatMap((fault: unknown, number) => {
      const kind = isObject(fault) ? faultKinds.find((known) => known === fault['kind']) : undefined;
      const why = kind === undefined ? undefined : reasons[kind];
      return why === undefined
        ? []
        : [`schedule[${index}].faults[${number}]: ${kind} is impossible on ${target}: ${why}`];
    });
  });
}
