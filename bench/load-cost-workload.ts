/**
 * The workload of load-cost.ts: users export one score of the music server, and check its digest.
 */
import { defineWorkload } from '../packages/workload/src/index.ts';
import { newScore } from '../workloads/music/src/live-score.ts';
import { getRequest } from '../workloads/music/src/operations.ts';
import { describeScore } from '../workloads/music/src/score-generator.ts';

export const recipe = { seed: 'cost', targetBytes: 6_000 };
const score = newScore('one', await describeScore(recipe));
score.version = 1;

/** Per operation, so that the pause between operations, which is not an attempt, hardly counts. */
const attempts = 10;

export default defineWorkload({
  operations: {
    export: {
      weight: 1,
      run: async ({ http }) => {
        for (let i = 0; i < attempts; i += 1) await http.request(getRequest(score));
      },
    },
  },
  probe: { request: { method: 'GET', path: '/scores/one' } },
});
