import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EncoreEvent } from '@encore/contracts';
import { systemClock } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { HistoryWriter } from '../history/history-writer.ts';
import { profiles } from '../settings/profiles.ts';
import { simulatedOperations } from '../testing/simulation.ts';
import { RunSubscribers } from './run-subscribers.ts';

const config = { ...profiles.full, profile: 'full' as const, seed: 7 };
const attemptsPerSecond = 1_000;
/** For two hours. Keeping only the per-second events would need more. */
const allowedBytes = 2_000_000;

/**
 * The events of one second of a busy run, with a fault every two minutes that fails 500 attempts.
 */
function* eventsOfSecond(second: number): Generator<EncoreEvent> {
  const at = 1_700_000_000_000 + second * 1_000;
  // New objects, as from a parser.
  const counts = () => ({ ok: attemptsPerSecond / 5, failed: 0, unknown: 0, cancelled: 0, skipped: 0 });
  yield {
    type: 'load_second',
    at,
    users: 100,
    attempts: { ok: attemptsPerSecond },
    operations: Object.fromEntries(simulatedOperations.map((kind) => [kind, counts()])),
    responseMs: { p50: 5, p99: 50, max: 100 },
    bytesSent: 1,
    bytesReceived: 1,
  };
  const dueAts = Array.from({ length: 10 }, (_, i) => at + i * 100);
  yield { type: 'probe_second', at, probes: dueAts.map((dueAt) => ({ dueAt, endedAt: dueAt + 5, outcome: 'ok' })) };
  if (second % 120 !== 60) return;
  const faultId = `f${String(second).padStart(4, '0')}`;
  yield { type: 'fault_injected', at, faultId, kind: 'crash', target: 'server', params: {}, engineAt: at };
  for (let i = 0; i < 500; i += 1) {
    const [operation, outcome] = ['create', 'refused'] as const;
    const attempt = {
      attemptId: `a${second}-${i}`,
      operationId: `o${i}`,
      user: i,
      request: 'PUT /scores/x',
      detail: 'x',
    };
    yield { type: 'attempt_failed', at: at + i, startedAt: at, operation, outcome, ...attempt };
  }
  yield { type: 'answered_again', at: at + 900, startedAt: at + 800, operation: 'create' };
}

describe('memory of the orchestrator', function () {
  this.timeout(60_000);

  it('is constant over hours at 1,000 attempts per second', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const usedBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const folder = await mkdtemp(join(tmpdir(), 'encore-memory-'));
    const plan = makePlan(config, bundledSystem);
    const links = { page: '', alerts: '', grafana: undefined };
    const output = { write: () => undefined };
    const run = { id: 'r1', config, plan, startedAt: 0 };
    const subscribers = new RunSubscribers(run, { clock: systemClock, links, output });
    const { view, progress } = subscribers;
    await using history = new HistoryWriter((event) => subscribers.onEvent(event));
    await history.open(join(folder, 'history.ndjson'), (error) => assert.fail(String(error)));
    const used: number[] = [];
    for (let second = 0; second <= 3 * 3_600; second += 1) {
      for (const event of eventsOfSecond(second)) history.add(event, 'loadgen');
      if (second % 200 === 0) {
        await history.flushed();
        progress.tick(view.snapshot(1_700_000_000_000 + second * 1_000));
      }
      if (second > 0 && second % 3_600 === 0) used.push(usedBytes());
    }
    await rm(folder, { recursive: true });
    const [afterOne = 0, , afterThree = 0] = used;
    const grownBytes = afterThree - afterOne;
    assert.ok(grownBytes < allowedBytes, `${grownBytes} bytes in two hours`);
    assert.ok(JSON.stringify(view.snapshot(0)).length < 50_000);
  });
});
