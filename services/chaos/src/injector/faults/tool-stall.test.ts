import assert from 'node:assert/strict';
import type { PlannedFault } from '@encore/contracts';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../../testing/fake-lab.ts';
import { startedLab } from '../../testing/started-lab.ts';
import type { Injector } from '../injector.ts';

const request = { runId: 'run-1' };

async function stalling(change: (lab: FakeLab) => void = () => {}) {
  const lab = new FakeLab();
  // A real clock has fractions of a millisecond.
  await lab.clock.advance(0.375);
  const { injector, stop } = await startedLab(lab);
  change(lab);
  const planned = fault('tool-stall');
  return { lab, injector, planned, [Symbol.dispose]: () => stop.abort() };
}

const inject = (lab: FakeLab, injector: Injector, planned: PlannedFault) =>
  lab.clock.until(injector.inject({ ...request, fault: planned }));

describe('tool-stall', () => {
  it('makes one tool time out five times, and closes the breaker by successful calls after its open time', async () => {
    using at = await stalling();
    const { lab, injector, planned } = at;
    const { effect, evidence } = await inject(lab, injector, planned);
    assert.equal(effect, 'confirmed', evidence);
    assert.match(evidence, /^slow calls ended with 5 × TIMEOUT.*; open breakers: tool_A$/);
    assert.deepEqual(lab.load.calls.slice(0, 5), Array(5).fill('TIMEOUT'));
    assert.equal(lab.load.objects.size, 6);
    await lab.clock.advance(10_000);
    const reverted = await lab.clock.until(injector.release(planned.id));
    assert.ok(reverted.verified, reverted.evidence);
    assert.match(reverted.evidence, /the breaker tool_A is closed/);
    assert.deepEqual(lab.load.calls.slice(-2), ['ok', 'ok']);
    assert.equal(lab.load.objects.size, 0);
  });

  it('is absent when another breaker opened too', async () => {
    using at = await stalling((lab) => {
      const alone = lab.load.breakers.bind(lab.load);
      lab.load.breakers = async () => {
        const breakers = await alone();
        return { ...breakers, tool_B: breakers['tool_A'] ?? 'closed' };
      };
    });
    const { effect, evidence } = await inject(at.lab, at.injector, at.planned);
    assert.equal(effect, 'absent', evidence);
    assert.match(evidence, /open breakers: tool_B, tool_A$/);
  });

  it('is absent when the tool handled every score in time', async () => {
    using at = await stalling((lab) => {
      lab.load.status = async () => ({ isOver: true, answers: 0, ends: ['ok'] });
    });
    const { effect, evidence } = await inject(at.lab, at.injector, at.planned);
    assert.equal(effect, 'absent');
    assert.match(evidence, /1 × ok; open breakers: none/);
  });

  it('is refused while the breaker is already open', async () => {
    using at = await stalling((lab) => {
      lab.load.breakers = async () => ({ tool_A: 'open' });
    });
    const { effect, over } = await inject(at.lab, at.injector, at.planned);
    assert.deepEqual([effect, over], ['refused', true]);
  });

  it('reverted early, it removes its scores at once and does not wait for the breaker', async () => {
    using at = await stalling();
    const { lab, injector, planned } = at;
    await inject(lab, injector, planned);
    const from = lab.clock.now();
    const reverted = await lab.clock.until(injector.release(planned.id));
    assert.ok(lab.clock.now() - from < 1_000, `${lab.clock.now() - from} ms`);
    assert.match(reverted.evidence, /^reverted early: .* is open/);
    assert.equal(lab.load.objects.size, 0);
  });

  it('reverted during its calls, it sends no more and completes the injection', async () => {
    using at = await stalling();
    const { lab, injector, planned } = at;
    const injected = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(700);
    const reverted = await lab.clock.until(injector.release(planned.id));
    assert.ok(reverted.verified, reverted.evidence);
    assert.equal((await lab.clock.until(injected)).effect, 'absent');
    await lab.clock.advance(10_000);
    assert.deepEqual(lab.load.calls, ['TIMEOUT', 'cancelled']);
    assert.equal(lab.load.objects.size, 0);
  });

  it('at its end with the breaker still open, the revert fails and is retried until the breaker closes', async () => {
    using at = await stalling((lab) => {
      lab.load.openMs = 30_000;
    });
    const { lab, injector, planned } = at;
    await inject(lab, injector, planned);
    await lab.clock.advance(8_000);
    const reverted = await lab.clock.until(injector.release(planned.id));
    assert.equal(reverted.verified, false);
    assert.match(reverted.evidence, /the breaker tool_A is open/);
    assert.equal(injector.registry.open.length, 1);
    await lab.clock.advance(35_000);
    assert.equal(injector.registry.open.length, 0);
    assert.equal((await lab.load.breakers())['tool_A'], 'closed');
  });
});
