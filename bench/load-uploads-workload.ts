/**
 * The workload of load-uploads.ts: each user uploads one large score and has a deadline of minutes.
 */
import { defineWorkload } from '../packages/workload/src/index.ts';
import { createScore } from '../workloads/music/src/operations.ts';
import type { Musician, MusicParameters, Planned } from '../workloads/music/src/user.ts';
import music from '../workloads/music/src/workload.ts';

const uploadBytes = 50e6;

export default defineWorkload<Musician, Planned, MusicParameters>({
  ...music,
  plan: ({ id }) => ({ upload: { seed: id, targetBytes: uploadBytes - 5e5 }, choice: 0, throughTools: false }),
  operations: { upload: { weight: 1, run: async (user) => void (await createScore(user)), deadlineMs: 600_000 } },
  first: 'upload',
});
