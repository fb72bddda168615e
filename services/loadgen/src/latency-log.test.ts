/** The interval log merges back into what was recorded, read by the library's own reader. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, HistogramLogReader } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LatencyLog } from './latency-log.ts';

describe('latency log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-hlog-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('merges back into exact percentiles, over intervals and tags', async () => {
    const startedAt = 1_800_000_000_000;
    const log = await LatencyLog.open(folder, startedAt);
    for (let i = 1; i <= 1_000; i += 1) {
      log.record('create.ok.response', i);
      if (i % 100 === 0) await log.endInterval(startedAt + i * 100);
    }
    log.record('analyze.attempt.shed', 3);
    await log.endInterval(startedAt + 110_000);
    await log.endInterval(startedAt + 120_000);
    await log[Symbol.asyncDispose]();

    const reader = new HistogramLogReader(await readFile(join(folder, 'latency.hlog'), 'utf8'));
    const all = build({ numberOfSignificantValueDigits: 3 });
    const tags: string[] = [];
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      tags.push(next.tag);
      if (next.tag === 'create.ok.response') all.add(next as typeof all);
    }
    assert.equal(tags.length, 11, 'ten intervals of one tag, one of the other, none for nothing');
    assert.equal(all.totalCount, 1_000);
    assert.ok(Math.abs(all.getValueAtPercentile(50) / 500_000 - 1) < 0.002);
    assert.ok(Math.abs(all.getValueAtPercentile(99) / 990_000 - 1) < 0.002);
  });

  it('is empty but for its head when nothing was recorded', async () => {
    const log = await LatencyLog.open(folder, 0);
    await log.endInterval(10_000);
    await log[Symbol.asyncDispose]();
    const lines = (await readFile(join(folder, 'latency.hlog'), 'utf8')).split('\n').filter((line) => /^\d/.test(line));
    assert.deepEqual(lines, []);
  });
});
