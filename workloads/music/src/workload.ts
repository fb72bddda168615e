/**
 * The bundled workload: users create, analyze, change and export scores of the music server, and
 * check every response against what they wrote.
 */
import { defineWorkload } from '@encore/workload';
import { loadFaults } from './load-faults.ts';
import { analyzeScore, createScore, deleteOldest, exportScore, modifyScore, useHeavyScore } from './operations.ts';
import { capacityTest, probeScore } from './probe.ts';
import { listScores, readScore, removeScore } from './score-store.ts';
import { errorFormat } from './server-errors.ts';
import { chosenScore, type Musician, type MusicParameters, newMusician, type Planned, planOperation } from './user.ts';

/** Analysis and export of a heavy score take as long as its upload. */
const msPerHeavyByte = 3 / 400;

export default defineWorkload<Musician, Planned, MusicParameters>({
  name: 'music',
  parameters: { byteBudgetPerSecond: 1_000_000, liveScoresPerUser: 20 },
  user: newMusician,
  plan: planOperation,
  // Creates a score for the other operations to use.
  first: 'create',
  operations: {
    create: { weight: 30, run: async (user) => void (await createScore(user)) },
    analyze: { weight: 40, run: (user) => analyzeScore(user, chosenScore(user)) },
    modify: { weight: 20, run: modifyScore },
    export: { weight: 10, run: (user) => exportScore(user, chosenScore(user), user.plan.throughTools) },
    heavy: {
      weight: 5,
      run: useHeavyScore,
      deadlineMs: ({ upload }) => 30_000 + (upload?.targetBytes ?? 0) * msPerHeavyByte,
    },
  },
  afterOperation: deleteOldest,
  probe: probeScore,
  capacityTest: capacityTest(),
  errors: errorFormat,
  faults: loadFaults,
  readBack: readScore,
  list: listScores,
  remove: removeScore,
});
