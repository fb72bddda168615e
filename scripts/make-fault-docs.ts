/** Writes docs/FAULTS.md from the fault table, or with --check says whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindApplicability, kindTiming } from '../packages/plan/src/index.ts';
import { faultTable } from '../services/chaos/src/injector/faults/fault-table.ts';

const path = join(import.meta.dirname, '..', 'docs', 'FAULTS.md');

const head = `# Faults

The catalogue, made from the fault table in \`services/chaos/src/injector/faults\` by \`node scripts/make-fault-docs.ts\`. Settings that a
kind does not read are refused. Every fault is written to the injector's journal before its act, checked from outside for having
bitten, held under a lease, undone whatever happens, and read back.

| kind | strikes | settings | held | while it is held |
| --- | --- | --- | --- | --- |
`;

export function faultDocs(): string {
  const all = Object.values(faultTable);
  const rows = all.map(({ kind, instant, forbidsStart }) => {
    const { targets, reads } = kindApplicability[kind];
    const hold = kindTiming[kind].holdSeconds;
    const held = instant || hold === null ? 'an instant' : `${hold.min} to ${hold.max} s unless the rule says`;
    const who = forbidsStart ? 'nobody may start or restart the target' : '';
    return `| [${kind}](#${kind}) | ${targets.join(', ')} | ${reads.join(', ') || '-'} | ${held} | ${who} |`;
  });
  const sections = all.map(({ kind, does, undoneBy, userSees, pitfalls }) =>
    [
      `## ${kind}`,
      '',
      does,
      '',
      `- **Undone by**: ${undoneBy}`,
      `- **A user sees**: ${userSees}`,
      `- **Pitfalls**: ${pitfalls}`,
      '',
    ].join('\n'),
  );
  return `${head}${rows.join('\n')}\n\n${sections.join('\n')}`;
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(path, faultDocs());
  else if (readFileSync(path, 'utf8') !== faultDocs()) {
    process.stderr.write('docs/FAULTS.md is not what the fault table says: node scripts/make-fault-docs.ts\n');
    process.exit(1);
  }
}
