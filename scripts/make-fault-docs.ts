/**
 * Writes docs/FAULTS.md from the fault table; with --check, exits 1 when the file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { targetsAllowing } from '../packages/kit/src/system.ts';
import { bundledSystemFile, readSystemFile } from '../packages/kit/src/system-file.ts';
import { kindApplicability, kindTiming } from '../packages/plan/src/index.ts';
import { faultTable } from '../services/chaos/src/injector/faults/fault-table.ts';

const system = readSystemFile(bundledSystemFile);
const path = join(import.meta.dirname, '..', 'docs', 'FAULTS.md');

const head = `# Faults

Generated from the fault table in \`services/chaos/src/injector/faults\` by \`node scripts/make-fault-docs.ts\`. Parameters
that a kind does not use are rejected. The injector writes each fault to its journal before it injects it, checks the
effect by an independent observation, keeps a lasting fault under a lease, reverts it in every case and verifies the
revert.

| kind | targets | parameters | default duration | while active |
| --- | --- | --- | --- | --- |
`;

export function faultDocs(): string {
  const all = Object.values(faultTable);
  const rows = all.map(({ kind, instant, forbidsStart }) => {
    const { reads } = kindApplicability[kind];
    const targets = targetsAllowing(system, kind);
    const hold = kindTiming[kind].holdSeconds;
    const duration = instant || hold === null ? 'instant' : `${hold.min} to ${hold.max} s`;
    const note = forbidsStart ? 'no start or restart of the target is allowed' : '';
    return `| [${kind}](#${kind}) | ${targets.join(', ')} | ${reads.join(', ') || '-'} | ${duration} | ${note} |`;
  });
  const sections = all.map(({ kind, does, revertedBy, userSees, pitfalls }) =>
    [
      `## ${kind}`,
      '',
      does,
      '',
      `- **Reverted by**: ${revertedBy}`,
      `- **Users see**: ${userSees}`,
      `- **Pitfalls**: ${pitfalls}`,
      '',
    ].join('\n'),
  );
  return `${head}${rows.join('\n')}\n\n${sections.join('\n')}`;
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(path, faultDocs());
  else if (readFileSync(path, 'utf8') !== faultDocs()) {
    process.stderr.write('docs/FAULTS.md differs from the fault table. Run node scripts/make-fault-docs.ts\n');
    process.exit(1);
  }
}
