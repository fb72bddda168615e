/**
 * Writes the table in prometheus/README.md of which fault raises which alert, from the rules:
 * `node scripts/make-alert-docs.ts`. A test fails when the two differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { expectedStates, type Rule, readRules } from '../test/support/rules.ts';

const path = join(import.meta.dirname, '..', 'prometheus', 'README.md');
const head = '| fault | must raise | may raise |\n| --- | --- | --- |\n';
const byDesign = 'none, by design';

export function alertTable(): string {
  const rules = readRules();
  const named = rules.flatMap((rule) => Object.values(expectedStates(rule) ?? {}).flat());
  const rows = faultKinds.flatMap((kind) => {
    const targets = [...new Set(named.filter((name) => name.startsWith(`${kind} on `)))].sort();
    const onOthers = targets.length === 0 || named.includes(kind) ? [kind] : [];
    return [...targets, ...onOthers].map((fault) => {
      const must = alertsUnder(rules, [kind, fault], 'fires');
      const may = alertsUnder(rules, [kind, fault], 'may');
      const none = must === '' && may === '' ? byDesign : '-';
      return `| ${fault}${targets.length > 0 && fault === kind ? ' elsewhere' : ''} | ${must || none} | ${may || none} |`;
    });
  });
  return `${head}${rows.join('\n')}\n`;
}

function alertsUnder(rules: Rule[], faults: readonly string[], state: 'fires' | 'may'): string {
  const names = rules.flatMap((rule) =>
    expectedStates(rule)?.[state].some((fault) => faults.includes(fault)) ? (rule.alert ?? []) : [],
  );
  return [...new Set(names)].join(', ');
}

if (import.meta.main) {
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(head);
  const to = text.indexOf('\n\n', from);
  writeFileSync(path, text.slice(0, from) + alertTable() + text.slice(to + 1));
}
