/** docs/CONFIGURATION.md lists every key of a settings file with its default and range. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultKinds, profileNames } from '@encore/contracts';
import { describe, it } from 'mocha';
import { configJsonSchema } from '../../../../scripts/make-config-schema.ts';
import { profiles } from './profiles.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'CONFIGURATION.md'), 'utf8');

interface Node {
  type?: string | string[];
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
  const?: string;
  enum?: string[];
  pattern?: string;
  default?: unknown;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
}

/** Every setting of a file, by path. */
function leavesOf(node: Node, path = ''): [string, Node][] {
  if (path === 'thresholds') return [[`${path}.METRIC`, node]];
  if (path === 'abort') return [[`${path}.METRIC`, node.additionalProperties ?? {}]];
  if (path === 'load.mix') return [[`${path}.OPERATION`, node.additionalProperties ?? {}]];
  if (path === 'load.parameters') return [[`${path}.NAME`, node.additionalProperties ?? {}]];
  if (node.anyOf) return node.anyOf.flatMap((one) => leavesOf(one, path));
  // Faults by kind: they differ in `kind` and in `params`, which FAULTS.md describes.
  if (node.oneOf) {
    const [first] = node.oneOf;
    const kind = { enum: node.oneOf.flatMap(({ properties }) => properties?.['kind']?.const ?? []) };
    return leavesOf({ properties: { ...first?.properties, kind, params: { type: 'params' } } }, path);
  }
  if (node.items) return leavesOf(node.items, `${path}[]`);
  if (!node.properties) return [[path, node]];
  return Object.entries(node.properties)
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}

function rangeOf(path: string, { type, enum: names, pattern, minimum, exclusiveMinimum, maximum }: Node): string {
  if (Array.isArray(type)) return '[WORKLOADS.md](WORKLOADS.md)';
  if (names !== undefined)
    return names.length === faultKinds.length ? 'a kind of [FAULTS.md](FAULTS.md)' : names.join(', ');
  if (type === 'boolean') return 'true, false';
  if (type === 'object') return '[REPORT.md](REPORT.md)';
  if (type === 'params') return 'those of the kind in [FAULTS.md](FAULTS.md)';
  if (path === 'schedule[].target') return 'a name in [system.yaml](../system.yaml)';
  if (pattern !== undefined) return 'a to z, 0 to 9, -';
  // An integer without a maximum has the maximum of JavaScript.
  const open = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  if (exclusiveMinimum !== undefined) return `above ${exclusiveMinimum}${open ? '' : `, to ${maximum}`}`;
  return open ? `at least ${minimum}` : `${minimum} to ${maximum}`;
}

/** Defaults of the profiles; those of a schedule come from the schema. */
function defaultOf(path: string, { default: own }: Node): string | null {
  if (path.startsWith('schedule')) return own === undefined ? null : String(own);
  const values = profileNames.map((name) =>
    path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], profiles[name]),
  );
  const [first] = values;
  if (first === undefined) return null;
  return values.every((value) => value === first) ? String(first) : values.join(', ');
}

describe('docs/CONFIGURATION.md, the settings file of a run', () => {
  const [, section = ''] = /^## The settings file of a run\n(.*?)^## /ms.exec(page) ?? [];
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((row) => row.split('|').map((cell) => cell.trim()));
  const leaves = leavesOf(configJsonSchema() as Node);

  it('lists every key with range, unit and meaning', () => {
    assert.deepEqual(
      rows.map(([, key, , , range]) => `${key} ${range}`),
      leaves.map(([path, node]) => `\`${path}\` ${rangeOf(path, node)}`),
    );
    for (const [, key, unit, value, , sets] of rows) assert.ok(unit && value && sets, key);
  });

  it('lists every default', () => {
    for (const [index, [path, node]] of leaves.entries()) {
      const expected = defaultOf(path, node);
      if (expected !== null) assert.equal(rows[index]?.[3], expected, path);
    }
    const stated = leaves.filter(([path, node]) => defaultOf(path, node) !== null);
    assert.ok(stated.length >= 20, `${stated.length} of ${leaves.length}`);
  });
});
