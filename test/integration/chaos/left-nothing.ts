/**
 * What must be true when a chaos is done: its own count of what was left behind, and the
 * bystander's inspect, the same to the byte.
 */
import assert from 'node:assert/strict';
import { identityOf } from './outside-view.ts';
import type { Running } from './running-chaos.ts';
import type { ToyLab } from './toy-programs.ts';

export async function assertNothingLeft(chaos: Running, lab: ToyLab, bystander: string): Promise<void> {
  await chaos.call('POST', '/hygiene', {});
  const [found] = (await chaos.eventsOf('hygiene_checked')).slice(-1);
  assert.deepEqual(
    [found?.leakedToxics, found?.leakedPauses, found?.limitsOffBaseline, found?.foreignContainersTouched],
    [0, 0, 0, 0],
    found?.detail.join(),
  );
  assert.equal(await identityOf(lab), bystander);
}
