/** Neither plan nor injector knows a name of the bundled lab: other names give the same run. */

import assert from 'node:assert/strict';
import { type EncoreEvent, faultKinds, type System } from '@encore/contracts';
import { targetsAllowing } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { assertSameApartFromNames, renamedSystem } from '../../../../test/support/renamed-system.ts';
import { FakeLab, fault } from './fake-lab.ts';
import { simulateRun } from './simulate-run.ts';
import { simulatedConfig } from './simulated-config.ts';
import { run, startedLab } from './started-lab.ts';

describe('a system with other names', () => {
  it('has the same run in virtual time', async () => {
    const eventsOf = async (system: System): Promise<EncoreEvent[]> => {
      const events: EncoreEvent[] = [];
      const config = { ...simulatedConfig, hours: 2 };
      const { problems, faults } = await simulateRun(config, { system, onEvent: (event) => events.push(event) });
      assert.deepEqual(problems, []);
      assert.ok(faults > 20);
      return events;
    };
    assertSameApartFromNames(await eventsOf(renamedSystem), await eventsOf(bundledSystem));
  });

  it('has the same faults of every kind, and the same view of the targets', async () => {
    assertSameApartFromNames(await everyKind(renamedSystem), await everyKind(bundledSystem));
  });
});

async function everyKind(system: System): Promise<unknown> {
  const { lab, injector, stop } = await startedLab(new FakeLab(system));
  for (const [index, kind] of faultKinds.entries()) {
    const id = `f${String(index + 1).padStart(4, '0')}`;
    const [target = ''] = targetsAllowing(system, kind);
    const answer = await lab.clock.until(injector.inject({ runId: run.runId, fault: fault(kind, { id, target }) }));
    assert.equal(answer.effect, 'confirmed', `${kind}: ${answer.evidence}`);
    await lab.clock.advance(20_000);
    await lab.clock.until(injector.release(id));
    await lab.clock.until(injector.revert());
    await lab.clock.advance(15_000);
  }
  await lab.clock.until(injector.hygiene());
  // `toxiproxy` is the product's version here, not a name.
  const { images: _images, toxiproxy: _version, ...engine } = await lab.clock.until(injector.engineInfo());
  const seen = {
    events: injector.recorder.log.page(undefined, 0).events.map(({ event }) => event),
    targets: await lab.clock.until(injector.targets()),
    engine,
  };
  stop.abort();
  return JSON.parse(JSON.stringify(seen).replaceAll(/"\w+-id0*"/g, '"id"'));
}
