/**
 * Asserts that the engine's restart policy restarted a crashed target: RestartCount rose by one,
 * and nothing requested a start.
 */
import assert from 'node:assert/strict';
import { waitUntil } from '@encore/kit';
import type { Running } from './running-chaos.ts';
import type { ToyLab } from './toy-programs.ts';

/** `counted`: RestartCount and the number of recorded starts before the crash. */
export async function assertRecoveredByPolicy(
  lab: ToyLab,
  chaos: Running,
  counted: { restarts: number; starts: number },
): Promise<void> {
  const { RestartCount } = await lab.container('server').inspect();
  assert.equal(RestartCount, counted.restarts + 1, 'RestartCount');
  const started = await waitUntil(
    'its start in the history',
    async () => {
      const starts = await chaos.eventsOf('target_started');
      return starts.length > counted.starts && starts.slice(counted.starts);
    },
    { timeoutMs: 3_000 },
  );
  assert.deepEqual(
    started.map(({ target, actor }) => [target, actor]),
    [['server', 'restart-policy']],
    started.map(({ reason }) => reason).join('; '),
  );
}

export async function countStarts(lab: ToyLab, chaos: Running): Promise<{ restarts: number; starts: number }> {
  const { RestartCount } = await lab.container('server').inspect();
  return { restarts: RestartCount, starts: (await chaos.eventsOf('target_started')).length };
}
