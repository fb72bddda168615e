/**
 * Writes the table in prometheus/README.md of which fault kind raises which alert, from the rules:
 * `node scripts/make-alert-docs.ts`. A test fails when the two differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { expectedStates, type Rule, readRules } from '../test/support/rules.ts';

const path = join(import.meta.dirname, '..', 'prometheus', 'README.md');
const head = '| kind of fault | must raise | may raise |\n| --- | --- | --- |\n';
const byDesign = 'none, by design';

export function alertTable(): string {
  const rules = readRules();
  const rows = faultKinds.map((kind) => {
    const must = alertsUnder(rules, kind, 'fires');
    const may = alertsUnder(rules, kind, 'may');
    const none = must === '' && may === '' ? byDesign : '-';
    return `| ${kind} | ${must || none} | ${may || none} |`;
  });
  return `${head}${rows.join('\n')}\n`;
}

function alertsUnder(rules: Rule[], kind: string, state: 'fires' | 'may'): string {
  const names = rules.flatMap((rule) => (expectedStates(rule)?.[state].includes(kind) ? (rule.alert ?? []) : []));
  return [...new Set(names)].join(', ');
}

if (import.meta.main) {
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(head);
  const to = text.indexOf('\n\n', from);
  writeFileSync(path, text.slice(0, from) + alertTable() + text.slice(to + 1));
}
