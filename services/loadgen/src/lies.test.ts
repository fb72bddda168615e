/** A server that is right ten thousand times and lies once: each kind of lie is caught, with the right outcome, at that very attempt. */
import assert from 'node:assert/strict';
import type { Outcome } from '@encore/contracts';
import { describe, it } from 'mocha';
import type { FakeCall, Lie } from './testing/fake-server.ts';
import { LoadBench, testRequest } from './testing/load-bench.ts';

interface PlannedLie {
  lie: Lie;
  /** What must be asked for the lie to be one. */
  about: string;
  outcome: Outcome;
}

const lies: PlannedLie[] = [
  { lie: 'wrong-key', about: 'key_analysis', outcome: 'corrupt' },
  { lie: 'empty', about: 'key_analysis', outcome: 'corrupt' },
  { lie: 'old-version', about: 'key_analysis', outcome: 'stale' },
  { lie: 'foreign-document', about: 'GET', outcome: 'corrupt' },
  { lie: 'flipped-byte', about: 'GET', outcome: 'corrupt' },
  { lie: 'truncated', about: 'GET', outcome: 'corrupt' },
  { lie: 'old-version', about: 'GET', outcome: 'stale' },
  { lie: 'empty', about: 'GET', outcome: 'corrupt' },
  { lie: 'foreign-document', about: 'export_score', outcome: 'corrupt' },
  { lie: 'flipped-byte', about: 'export_score', outcome: 'corrupt' },
  { lie: 'truncated', about: 'export_score', outcome: 'corrupt' },
  { lie: 'old-version', about: 'export_score', outcome: 'stale' },
  { lie: 'empty', about: 'PUT', outcome: 'corrupt' },
];
const rightAnswersBetween = 800;

describe('lies', function () {
  this.timeout(120_000);

  it(`catches one lie of each kind among ${lies.length * rightAnswersBetween} right answers`, async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    const told = new Map<string, PlannedLie>();
    let answers = 0;
    fake.hook = ({ name, id, request }: FakeCall) => {
      answers += 1;
      const planned = lies[told.size];
      const attemptId = request.headers['x-request-id'];
      if (!planned || typeof attemptId !== 'string' || name !== planned.about) return undefined;
      if (answers < (told.size + 1) * rightAnswersBetween) return undefined;
      if (planned.lie === 'old-version' && !fake.scores.get(id)?.previous) return undefined;
      told.set(attemptId, planned);
      return planned.lie;
    };
    const mix = { create: 5, analyze: 50, modify: 5, export: 40, heavy: 0 };
    const fast = { ...testRequest.load, mix, thinkSeconds: { min: 0.001, max: 0.002 }, byteBudgetPerSecond: 1_000 };
    await load.start({ ...testRequest, rampSeconds: 0, load: fast });
    await bench.operationsDone((lies.length + 1) * rightAnswersBetween);
    await load.stop();
    assert.equal(told.size, lies.length);
    const caught = new Map(bench.ofType('attempt_failed').map((event) => [event.attemptId, event]));
    for (const [attemptId, { lie, about, outcome }] of told) {
      const event = caught.get(attemptId);
      assert.equal(event?.outcome, outcome, `${lie} about ${about}: ${event?.detail ?? 'not caught'}`);
    }
    assert.equal(caught.size, lies.length, 'nothing else was found wrong');
  });

  it('finds the one write in hundreds that was acknowledged and not kept', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    let lostId: string | null = null;
    let writes = 0;
    fake.hook = ({ name, id, request }) => {
      const isCreate = name === 'PUT' && request.headers['if-match'] === undefined;
      writes += isCreate ? 1 : 0;
      if (!isCreate || writes !== 100 || lostId !== null) return undefined;
      lostId = id;
      return 'lost-write';
    };
    const mix = { create: 50, analyze: 25, modify: 0, export: 25, heavy: 0 };
    const settings = { ...testRequest.load, mix, thinkSeconds: { min: 0.005, max: 0.01 }, liveScoresPerUser: 1_000 };
    await load.start({ ...testRequest, load: settings });
    await bench.operationsDone(600);
    await load.stop();
    const done = await bench.readBack(true);
    assert.deepEqual([done.lost, done.corrupt, done.phantom], [1, 0, 0]);
    assert.ok(bench.ofType('attempt_failed').every(({ outcome }) => outcome === 'stale'));
  });
});
