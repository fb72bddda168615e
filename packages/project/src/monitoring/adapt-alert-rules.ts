/**
 * The alerts of a run of a user's own project: those of any system, without the names of the
 * bundled lab. What must raise an alert depends on what the user's probe touches, which nobody
 * declared, so each fault kind that an alert names may raise it and none must.
 */
import { parse, stringify } from 'yaml';

interface Rule {
  annotations?: Record<string, string>;
}
interface Rules {
  groups: { rules: Rule[] }[];
}

/** Takes and returns the text of a rules file of Prometheus. */
export function rulesOfAnySystem(text: string): string {
  const { groups, ...rest } = parse(text) as Rules;
  const changed = groups.map(({ rules, ...group }) => ({ ...group, rules: rules.map(withoutTargets) }));
  return stringify({ ...rest, groups: changed }, { aliasDuplicateObjects: false });
}

function withoutTargets({ annotations, ...rule }: Rule): Rule {
  if (annotations === undefined) return rule;
  const { fires_under: must = 'none', may_fire_under: may = 'none', ...texts } = annotations;
  // A fault is named by its kind, or as `kind on target`.
  const kinds = [must, may].flatMap((list) => list.split(',').map((fault) => fault.trim().replace(/ on .*/, '')));
  const named = [...new Set(kinds)].filter((kind) => kind !== 'none');
  return { ...rule, annotations: { ...texts, fires_under: 'none', may_fire_under: named.join(', ') || 'none' } };
}
