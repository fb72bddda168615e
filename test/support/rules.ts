/** Prometheus' rules as data. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './command.ts';

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: { summary: string; description: string; fires_under: string; may_fire_under: string };
}

export function readRules(): Rule[] {
  return globSync('prometheus/rules/*.yml', { cwd: root }).flatMap((path) =>
    (parse(readFileSync(join(root, path), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
      ({ rules }) => rules,
    ),
  );
}

/**
 * Faults of an alert by expected state, each a kind or `kind on target`; null when an annotation is
 * missing.
 */
export function expectedStates({ annotations }: Rule): { fires: string[]; may: string[] } | null {
  const fires = faultsOf(annotations?.fires_under);
  const may = faultsOf(annotations?.may_fire_under);
  return fires === null || may === null ? null : { fires, may };
}

/** True if the list names the kind, or the kind on this target. */
export function namesFault(list: readonly string[], { kind, target }: { kind: string; target: string }): boolean {
  return list.includes(kind) || list.includes(`${kind} on ${target}`);
}

export const kindIn = (named: string): string => named.split(' on ')[0] ?? '';

function faultsOf(list: string | undefined): string[] | null {
  if (list === undefined) return null;
  return list === 'none' ? [] : list.split(',').map((kind) => kind.trim());
}
