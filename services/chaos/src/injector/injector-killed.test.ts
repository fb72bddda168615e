/** Kills the injector at every step of its work; its successor must restore the initial state. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { Life } from '../testing/life.ts';
import { functionsOf } from './faults/functions-of.ts';

const run = { runId: 'run-1', ttlMs: 10_000 };
/** Limit from the injector's start, or from the end of the run's lease, to the last revert. */
const recoveredWithinMs = 10_000;

/**
 * One life of an injector that may die on the way: claim, inject, hold, release. Returns the last
 * step, or null if it died.
 */
async function live(lab: FakeLab, life: Life, kind: keyof typeof functionsOf): Promise<number | null> {
  const injector = lab.injector(life);
  const planned = fault(kind);
  let doneAt: number | null = null;
  const stop = new AbortController();
  void injector.run(stop.signal);
  void (async () => {
    await lab.clock.sleep(500);
    await injector.lease.claim(run);
    const { over } = await injector.inject({ runId: run.runId, fault: planned });
    await lab.clock.sleep(1_000);
    if (!over) await injector.release(planned.id);
    doneAt = life.steps;
  })();
  await lab.clock.advance(9_000);
  stop.abort();
  return doneAt;
}

describe('injector, killed at every step', () => {
  for (const kind of Object.keys(functionsOf) as (keyof typeof functionsOf)[]) {
    it(`${kind}: its successor reverts it`, async () => {
      const original = await untouchedState();
      const steps = await live(new FakeLab(), new Life(), kind);
      assert.ok(steps !== null && steps > 10, `${steps} steps`);
      for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
        const lab = new FakeLab();
        const bystander = JSON.stringify(lab.container('bystander'));
        const life = new Life(diesAt);
        await live(lab, life, kind);
        assert.ok(life.over);
        const successor = lab.injector();
        const stop = new AbortController();
        void successor.run(stop.signal);
        await lab.clock.advance(run.ttlMs + recoveredWithinMs);
        stop.abort();
        assert.equal(lab.state(), original, `killed at step ${diesAt} of ${steps}`);
        assert.equal(successor.registry.open.length, 0);
        assert.equal(JSON.stringify(lab.container('bystander')), bystander);
      }
    }).timeout(60_000);
  }
});

async function untouchedState(): Promise<string> {
  const lab = new FakeLab();
  void lab.injector().run(new AbortController().signal);
  await lab.clock.advance(2_000);
  return lab.state();
}
