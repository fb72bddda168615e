import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { limitProblems } from './limit-problems.ts';
import { serverConfigSchema } from './server-config.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'CONFIGURATION.md'), 'utf8');
const [, section = ''] = /^## server_config\.json\n(.*?)^## /ms.exec(page) ?? [];
const mebibyte = 1024 * 1024;

interface Node {
  properties?: Record<string, Node>;
  default?: unknown;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
}

function rowsOf(node: Node, path = ''): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) =>
    value.properties ? rowsOf(value, `${path}${key}.`) : [`\`${path}${key}\` ${value.default} ${rangeOf(value)}`],
  );
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: Node): string {
  if (minimum !== undefined) return `${minimum} to ${maximum}`;
  return maximum === undefined ? `above ${exclusiveMinimum}` : `above ${exclusiveMinimum}, to ${maximum}`;
}

describe('docs/CONFIGURATION.md', () => {
  it('lists every key with default, range, unit and costs', () => {
    const schema = z.toJSONSchema(serverConfigSchema, { io: 'input' }) as Node;
    const rows = section.split('\n').filter((line) => /^\| `[a-z_.]+` \|.*\|.*\|.*\|.*\|$/.test(line));
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    assert.deepEqual(
      cells.map(([, key, , value, range]) => `${key} ${value} ${range}`),
      rowsOf(schema),
    );
    for (const [, key, unit, , , costs] of cells) assert.ok(unit && costs, key);
  });

  it("quotes the server's messages about the guide's four keys", () => {
    const [, text = ''] = /## Performance tuning.*?```json\n(.*?)```/s.exec(page) ?? [];
    const limits = serverConfigSchema.parse(JSON.parse(text));
    const capacity = { memoryBytes: 512 * mebibyte, scratchBytes: 64 * mebibyte, scratchDir: '/scratch' };
    const [, quoted = ''] = /```text\n(.*?)\n```/s.exec(page) ?? [];
    const inContainer = (problem: string) => `/app/server_config.json: ${problem}`;
    assert.deepEqual(quoted.split('\n'), limitProblems(limits, capacity).map(inContainer));
  });
});
