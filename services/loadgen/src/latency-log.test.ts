/** Reads the interval log with the library's own reader and merges it. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Histogram, HistogramLogReader } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LatencyLog } from './latency-log.ts';

const operations = ['create', 'analyze', 'modify', 'export', 'heavy'];

interface Interval {
  tag: string;
  from: number;
  to: number;
  histogram: Histogram;
}

function* intervalsOf(text: string): Generator<Interval> {
  const reader = new HistogramLogReader(text);
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram())
    yield {
      tag: next.tag,
      from: next.startTimeStampMsec,
      to: next.endTimeStampMsec,
      histogram: next as unknown as Histogram,
    };
}

function merged(text: string, belongs: (interval: Interval) => boolean): Histogram {
  const all = build({ numberOfSignificantValueDigits: 3 });
  for (const interval of intervalsOf(text))
    if (interval.tag === 'create.ok.response' && belongs(interval)) all.add(interval.histogram);
  return all;
}

describe('latency log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-hlog-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const read = () => readFile(join(folder, 'latency.hlog'), 'utf8');

  it('merges into exact percentiles of the whole run and of a phase', async () => {
    const startedAt = 1_800_000_000_000;
    const log = await LatencyLog.open(folder, startedAt, operations);
    for (let i = 1; i <= 1_000; i += 1) {
      log.record('create.ok.response', i);
      if (i % 100 === 0) await log.endInterval(startedAt + i * 100);
    }
    log.record('analyze.attempt.shed', 3);
    await log.endInterval(startedAt + 110_000);
    await log.endInterval(startedAt + 120_000);
    await log[Symbol.asyncDispose]();

    const tags: string[] = [];
    for (const { tag } of intervalsOf(await read())) tags.push(tag);
    assert.equal(tags.length, 11, 'ten intervals of one tag, one of the other, none for an empty interval');
    const all = merged(await read(), () => true);
    assert.equal(all.totalCount, 1_000);
    assert.ok(Math.abs(all.getValueAtPercentile(50) / 500_000 - 1) < 0.002);
    assert.ok(Math.abs(all.getValueAtPercentile(99) / 990_000 - 1) < 0.002);
    // A phase from the third to the sixth interval contains only 201 to 600 ms.
    const phase = merged(await read(), ({ from, to }) => from >= startedAt + 20_000 && to <= startedAt + 60_000);
    assert.equal(phase.totalCount, 400);
    assert.ok(Math.abs(phase.getValueAtPercentile(50) / 400_000 - 1) < 0.002);
    assert.ok(Math.abs(phase.getValueAtPercentile(99) / 596_000 - 1) < 0.002);
    assert.ok(Math.abs(phase.maxValue / 600_000 - 1) < 0.002);
  });

  it('allocates all of its memory at the start', async () => {
    const log = await LatencyLog.open(folder, 0, operations);
    const before = process.memoryUsage().arrayBuffers;
    for (const kind of operations)
      for (const what of [
        'ok.response',
        'ok.service',
        'failed.response',
        'attempt.ok',
        'attempt.shed',
        'attempt.failed',
      ] as const)
        log.record(`${kind}.${what}`, 1);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 90_000, `grew by ${grown} bytes: a histogram or more`);
    await log[Symbol.asyncDispose]();
  });

  it('contains only its header if nothing was recorded', async () => {
    const log = await LatencyLog.open(folder, 0, operations);
    await log.endInterval(10_000);
    await log[Symbol.asyncDispose]();
    const lines = (await read()).split('\n').filter((line) => /^\d/.test(line));
    assert.deepEqual(lines, []);
  });
});
