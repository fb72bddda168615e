import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readLatencies } from './latencies.ts';

const line = (tag: string, milliseconds: number[]): string => {
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3, useWebAssembly: false });
  for (const ms of milliseconds) histogram.recordValue(ms * 1_000);
  return `Tag=${tag},1.000,10.000,1.0,${encodeIntoCompressedBase64(histogram)}`;
};

describe('latencies', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-curves-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('merge the intervals of successful attempts per operation', async () => {
    const path = join(folder, 'latency.hlog');
    const lines = [
      '#[Histogram log format version 1.3]',
      line('create.ok.response', Array(60).fill(10)),
      line('create.ok.service', [9_000]),
      line('create.failed.response', [9_000]),
      line('log-in.ok.response', [1]),
      line('create.ok.response', Array(40).fill(200)).replace(',1.000,', ',11.000,'),
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    const { curves, response, service } = await readLatencies(path);
    assert.deepEqual(Object.keys(curves), ['create', 'log-in']);
    const at = new Map(curves['create']);
    assert.ok(Math.abs((at.get(50) ?? 0) - 10) < 0.1, 'the median is in the first interval');
    assert.ok(Math.abs((at.get(75) ?? 0) - 200) < 1, 'the upper quarter is in the second');
    assert.equal(at.has(99.9), false, '100 samples cannot resolve 99.9 %');
    assert.ok(Math.abs((at.get(99) ?? 0) - 200) < 1, 'the last of 100 samples is at 99 %');
    const { count, p50 = 0, max = 0 } = response.get('create') ?? {};
    assert.deepEqual([count, Math.round(p50), Math.round(max)], [100, 10, 200]);
    assert.equal(service.get('create')?.count, 1);
  });

  it('have no percentile above the maximum', async () => {
    const path = join(folder, 'latency.hlog');
    await writeFile(
      path,
      `#[Histogram log format version 1.3]\n${line('create.ok.response', [1.1, 12.345, 9_876.543])}\n`,
    );
    const { curves, response } = await readLatencies(path);
    const { p99 = 0, p999 = 0, max = 0 } = response.get('create') ?? {};
    assert.ok(p99 <= max && p999 <= max, `${p99}, ${p999}, ${max}`);
    for (const [, ms] of curves['create'] ?? []) assert.ok(ms <= max);
  });

  const head = '#[Histogram log format version 1.3]';
  const at = (second: number, tag = 'create.ok.response') => line(tag, [5]).replace(',1.000,', `,${second}.000,`);
  const damages: [string, string[], RegExp][] = [
    ['another version', [head.replace('1.3', '1.2'), at(1)], /^line 1: expected .*version 1\.3\], the only format/],
    ['no header', [at(1)], /^line 1: /],
    ['a changed histogram', [head, at(1).replace(/.{9}$/, 'AAAAAAAAA')], /^line 2: its histogram cannot be decoded/],
    ['a truncated line in the middle', [head, at(1).slice(0, 30), at(11)], /^line 2: expected an interval line/],
    ['reordered lines', [head, at(11), at(1)], /^line 3: its interval starts at 1\.000, earlier/],
    ['a repeated line', [head, at(1), at(1)], /^line 3: duplicate create\.ok\.response for the interval/],
  ];
  for (const [what, lines, expected] of damages) {
    it(`name the line of a log with ${what}`, async () => {
      const path = join(folder, 'latency.hlog');
      await writeFile(path, `${lines.join('\n')}\n`);
      const { problems, response } = await readLatencies(path);
      assert.match(problems.join('\n'), expected);
      assert.deepEqual([problems.length, response.size], [1, 0]);
    });
  }

  it('skip a truncated last line, and accept a second header', async () => {
    const path = join(folder, 'latency.hlog');
    await writeFile(path, [head, at(11), head, at(1), at(11).slice(0, 40)].join('\n'));
    const { problems, isTruncated, response } = await readLatencies(path);
    assert.deepEqual([problems, isTruncated, response.get('create')?.count], [[], true, 2]);
  });

  it('are empty if the log is missing or damaged', async () => {
    assert.deepEqual((await readLatencies(join(folder, 'nowhere'))).curves, {});
    await writeFile(join(folder, 'broken'), 'Tag=create.ok.response,1,2,3,HISTFnonsense\n');
    const { curves, response } = await readLatencies(join(folder, 'broken'));
    assert.deepEqual([curves, response.size], [{}, 0]);
  });
});
