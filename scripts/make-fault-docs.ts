/** Writes docs/FAULTS.md from the fault table; with --check, exits 1 when it is out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { behaviourOf, type FaultKind, faultKinds, kindOf, needs } from '@encore/contracts';
import { targetsAllowing } from '@encore/kit';
import { exactSize } from '@encore/kit/exact-size';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { wrapMarkdown } from './wrap-markdown.ts';

const system = readSystemFile(bundledSystemFile);
const path = join(import.meta.dirname, '..', 'docs', 'FAULTS.md');

const head = `# Faults

Generated from the [fault table](../packages/contracts/src/kinds/kind-table.ts) by \`node scripts/make-fault-docs.ts\`;
[CREATING_FAULTS.md](CREATING_FAULTS.md) explains how to add a kind.

The injector, the part of Encore that carries out faults, writes each fault to its journal before it injects the fault,
and confirms the effect by an independent observation. It always reverts a lasting fault, even if the run's lease (its
right to use the lab) expires or the injector is killed, and verifies the revert. A fault acts on a target only if
[system.yaml](../system.yaml), or the \`encore.yaml\` of your own project, allows its kind there.

The column *acts on* lists targets of the bundled lab: containers (\`server\`) and proxies (\`server:8000\`). For your own
project, see [which faults are possible](YOUR_PROJECT.md#which-faults-are-possible). A *toxic* is a rule by which
Toxiproxy, the program that forwards the connections of a proxy, delays, cuts or closes them. The *probe* of a proxy is
the protocol by which Encore checks that a fault takes effect: \`http\`, \`postgres\`, \`redis\`, \`banner\` or \`none\`.

| kind | acts on | parameters | default duration | while active |
| --- | --- | --- | --- | --- |
`;

export function faultDocs(): string {
  return wrapMarkdown(`${head}${faultKinds.map(rowOf).join('\n')}\n\n${faultKinds.map(sectionOf).join('\n')}`);
}

function rowOf(kind: FaultKind): string {
  const names = Object.keys(paramsOf(kind)).join(', ') || '-';
  const { holdSeconds, forbidsStart } = behaviourOf({ kind, params: {} });
  const duration = holdSeconds === null ? 'instant' : `${holdSeconds.min} to ${holdSeconds.max} s`;
  const note = forbidsStart ? 'no start or restart of the target is allowed' : '';
  return `| [${kind}](#${kind}) | ${targetsAllowing(system, kind).join(', ')} | ${names} | ${duration} | ${note} |`;
}

function sectionOf(kind: FaultKind): string {
  const { does, needs: needed = [], revertedBy, usersSee, pitfalls } = kindOf(kind);
  const params = Object.entries(paramsOf(kind));
  const table = ['| parameter | default | range | meaning |', '| --- | --- | --- | --- |', ...params.map(paramRow), ''];
  return [
    `## ${kind}`,
    '',
    does,
    '',
    ...(params.length === 0 ? [] : table),
    ...(needed.length === 0 ? [] : [`- **Needs**: ${needed.map((need) => needs[need]).join('; ')}.`]),
    `- **Reverted by**: ${revertedBy}`,
    `- **Users see**: ${usersSee}`,
    `- **Pitfalls**: ${pitfalls}`,
    '',
  ].join('\n');
}

type Param = ReturnType<ReturnType<typeof kindOf>['params']['toJSONSchema']>;

/** The parameters of a kind as JSON Schema, by name. */
const paramsOf = (kind: FaultKind): Record<string, Param> =>
  kindOf(kind).params.toJSONSchema({ io: 'input' }).properties as Record<string, Param>;

function paramRow([name, { default: value, description, enum: names, minimum, maximum }]: [string, Param]): string {
  const open = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  const text = (number: unknown): string => {
    const size = exactSize(Number(number));
    return name.endsWith('Bytes') && !size.endsWith(' bytes') ? `${number} (${size})` : `${number}`;
  };
  const range = names?.join(', ') ?? (open ? `at least ${text(minimum)}` : `${minimum} to ${maximum}`);
  return `| \`${name}\` | ${text(value)} | ${range} | ${description} |`;
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(path, faultDocs());
  else if (readFileSync(path, 'utf8') !== faultDocs()) {
    process.stderr.write('docs/FAULTS.md differs from the fault table. Run node scripts/make-fault-docs.ts\n');
    process.exit(1);
  }
}
