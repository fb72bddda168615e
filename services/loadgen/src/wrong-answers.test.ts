/** Detects a single wrong answer of each kind among thousands of correct ones. */
import assert from 'node:assert/strict';
import type { Outcome } from '@encore/contracts';
import { describe, it } from 'mocha';
import type { FakeCall, WrongAnswer } from './testing/fake-server.ts';
import { LoadBench, testRequest } from './testing/load-bench.ts';

interface PlannedWrongAnswer {
  wrong: WrongAnswer;
  /** The request that gets the wrong answer. */
  request: string;
  outcome: Outcome;
}

const wrongAnswers: PlannedWrongAnswer[] = [
  { wrong: 'wrong-key', request: 'key_analysis', outcome: 'corrupt' },
  { wrong: 'empty', request: 'key_analysis', outcome: 'corrupt' },
  { wrong: 'old-version', request: 'key_analysis', outcome: 'stale' },
  { wrong: 'foreign-document', request: 'GET', outcome: 'corrupt' },
  { wrong: 'flipped-byte', request: 'GET', outcome: 'corrupt' },
  { wrong: 'truncated', request: 'GET', outcome: 'corrupt' },
  { wrong: 'old-version', request: 'GET', outcome: 'stale' },
  { wrong: 'empty', request: 'GET', outcome: 'corrupt' },
  { wrong: 'foreign-document', request: 'export_score', outcome: 'corrupt' },
  { wrong: 'flipped-byte', request: 'export_score', outcome: 'corrupt' },
  { wrong: 'truncated', request: 'export_score', outcome: 'corrupt' },
  { wrong: 'old-version', request: 'export_score', outcome: 'stale' },
  { wrong: 'empty', request: 'PUT', outcome: 'corrupt' },
];
const correctAnswersBetween = 250;

describe('wrong answers', function () {
  this.timeout(120_000);

  it(`detects one of each kind among ${wrongAnswers.length * correctAnswersBetween} correct answers`, async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    const given = new Map<string, PlannedWrongAnswer>();
    let answers = 0;
    fake.hook = ({ name, id, request }: FakeCall) => {
      answers += 1;
      const planned = wrongAnswers[given.size];
      const attemptId = request.headers['x-request-id'];
      if (!planned || typeof attemptId !== 'string' || name !== planned.request) return undefined;
      if (answers < (given.size + 1) * correctAnswersBetween) return undefined;
      if (planned.wrong === 'old-version' && !fake.scores.get(id)?.previous) return undefined;
      given.set(attemptId, planned);
      return planned.wrong;
    };
    const mix = { create: 5, analyze: 50, modify: 5, export: 40, heavy: 0 };
    const fast = {
      ...testRequest.load,
      mix,
      thinkSeconds: { min: 0.001, max: 0.002 },
      parameters: { byteBudgetPerSecond: 1_000, liveScoresPerUser: 5 },
    };
    await load.start({ ...testRequest, rampSeconds: 0, load: fast });
    await bench.operationsDone((wrongAnswers.length + 1) * correctAnswersBetween);
    await load.stop();
    assert.equal(given.size, wrongAnswers.length);
    const detected = new Map(bench.ofType('attempt_failed').map((event) => [event.attemptId, event]));
    for (const [attemptId, { wrong, request, outcome }] of given) {
      const event = detected.get(attemptId);
      assert.equal(event?.outcome, outcome, `${wrong} for ${request}: ${event?.detail ?? 'not detected'}`);
    }
    assert.equal(detected.size, wrongAnswers.length, 'no other attempt failed');
  });

  it('finds one acknowledged and lost write among hundreds', async () => {
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
    const parameters = { liveScoresPerUser: 1_000 };
    const settings = { ...testRequest.load, mix, thinkSeconds: { min: 0.005, max: 0.01 }, parameters };
    await load.start({ ...testRequest, load: settings });
    await bench.operationsDone(600);
    await load.stop();
    const done = await bench.readBack(true);
    assert.deepEqual([done.lost, done.corrupt, done.phantom], [1, 0, 0]);
    assert.ok(bench.ofType('attempt_failed').every(({ outcome }) => outcome === 'stale'));
  });
});
