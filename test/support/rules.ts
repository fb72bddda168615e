/** The rules of Prometheus as data. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './command.ts';

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: { summary: string; description: string };
}

export function readRules(): Rule[] {
  return globSync('prometheus/rules/*.yml', { cwd: root }).flatMap((path) =>
    (parse(readFileSync(join(root, path), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
      ({ rules }) => rules,
    ),
  );
}

/** The kinds that an alert's description names, by the state that it expects under them; null for a sentence that is not there. */
export function expectedStates(description: string): { fires: string[]; may: string[] } | null {
  const sentence = /Expected state: (?:(fires|may fire) under .*; ?)?silent under every (other )?kind\.$/.exec(
    description.replace(/\s+/g, ' ').trim(),
  );
  if (sentence === null || (sentence[1] === undefined) !== (sentence[2] === undefined)) return null;
  const kindsAfter = (verb: string): string[] => {
    const list = new RegExp(`(?:: |; )${verb} under ([^;]+);`).exec(sentence[0])?.[1];
    return list === undefined ? [] : list.split(',').map((kind) => kind.trim());
  };
  return { fires: kindsAfter('fires'), may: kindsAfter('may fire') };
}
