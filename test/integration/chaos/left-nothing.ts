/**
 * Asserts the end state of the chaos service: its own hygiene check is clean, and the bystander's
 * inspect output is byte-identical.
 */
import assert from 'node:assert/strict';
import { identityOf } from './outside-view.ts';
import type { Running } from './running-chaos.ts';
import type { ToyLab } from './toy-programs.ts';

export async function assertNothingLeft(chaos: Running, lab: ToyLab, bystander: string): Promise<void> {
  await chaos.call('POST', '/hygiene', {});
  const [found] = (await chaos.eventsOf('hygiene_checked')).slice(-1);
  assert.deepEqual(
    [found?.leakedToxics, found?.leakedPauses, found?.limitsNotRestored, found?.externalContainersTouched],
    [0, 0, 0, 0],
    found?.detail.join(),
  );
  assert.equal(await identityOf(lab), bystander);
}
