import assert from 'node:assert/strict';
import type { PlannedFault } from '@encore/contracts';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../../simulation/fake-lab.ts';
import type { Injector } from '../injector.ts';

const request = { runId: 'run-1' };

async function stalling(change: (lab: FakeLab) => void = () => {}) {
  const lab = new FakeLab();
  const injector = lab.injector();
  const stop = new AbortController();
  void injector.run(stop.signal);
  // A real clock has fractions of a millisecond.
  await lab.clock.advance(1_000.375);
  await lab.clock.until(injector.claim({ runId: 'run-1', holder: 'test', ttlMs: 600_000 }));
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
    assert.match(evidence, /^calls of chord_analysis ended with 5 × the tool's time limit \(TOOL_TIMEOUT\)/);
    assert.match(evidence, /open breakers: tool_ChordAnalysis$/);
    assert.deepEqual(lab.user.calls.slice(0, 5), Array(5).fill('chord_analysis TOOL_TIMEOUT'));
    assert.equal(new Set([...lab.user.scores.values()].map((score) => Buffer.from(score).toString('base64'))).size, 6);
    await lab.clock.advance(10_000);
    const reverted = await lab.clock.until(injector.registry.release(planned.id));
    assert.ok(reverted.verified, reverted.evidence);
    assert.match(reverted.evidence, /the breaker tool_ChordAnalysis is closed/);
    assert.deepEqual(lab.user.calls.slice(-2), ['chord_analysis ok', 'chord_analysis ok']);
    assert.equal(lab.user.scores.size, 0);
  });

  it('is absent when another breaker opened too', async () => {
    using at = await stalling((lab) => {
      const alone = lab.user.breakers.bind(lab.user);
      lab.user.breakers = async () => {
        const breakers = await alone();
        return { ...breakers, tool_VoiceLeading: breakers['tool_ChordAnalysis'] ?? 'closed' };
      };
    });
    const { effect, evidence } = await inject(at.lab, at.injector, at.planned);
    assert.equal(effect, 'absent', evidence);
    assert.match(evidence, /open breakers: tool_ChordAnalysis, tool_VoiceLeading$/);
  });

  it('is absent when the tool handled every score in time', async () => {
    using at = await stalling((lab) => {
      lab.user.analyze = async () => null;
    });
    const { effect, evidence } = await inject(at.lab, at.injector, at.planned);
    assert.equal(effect, 'absent');
    assert.match(evidence, /an answer.*open breakers: none/);
  });

  it('is refused while the breaker is already open', async () => {
    using at = await stalling((lab) => {
      lab.user.breakers = async () => ({ tool_ChordAnalysis: 'open' });
    });
    const { effect, over } = await inject(at.lab, at.injector, at.planned);
    assert.deepEqual([effect, over], ['refused', true]);
  });

  it('reverted early, it removes its scores at once and does not wait for the breaker', async () => {
    using at = await stalling();
    const { lab, injector, planned } = at;
    await inject(lab, injector, planned);
    const from = lab.clock.now();
    const reverted = await lab.clock.until(injector.registry.release(planned.id));
    assert.ok(lab.clock.now() - from < 1_000, `${lab.clock.now() - from} ms`);
    assert.match(reverted.evidence, /^reverted early: .* is open/);
    assert.equal(lab.user.scores.size, 0);
  });

  it('reverted during its calls, it sends no more and completes the injection', async () => {
    using at = await stalling();
    const { lab, injector, planned } = at;
    const injected = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(700);
    const reverted = await lab.clock.until(injector.registry.release(planned.id));
    assert.ok(reverted.verified, reverted.evidence);
    assert.equal((await lab.clock.until(injected)).effect, 'absent');
    await lab.clock.advance(10_000);
    assert.deepEqual(lab.user.calls, ['chord_analysis TOOL_TIMEOUT']);
    assert.equal(lab.user.scores.size, 0);
  });

  it('at its end with the breaker still open, the revert fails and is retried until the breaker closes', async () => {
    using at = await stalling((lab) => {
      lab.user.openMs = 30_000;
    });
    const { lab, injector, planned } = at;
    await inject(lab, injector, planned);
    await lab.clock.advance(8_000);
    const reverted = await lab.clock.until(injector.registry.release(planned.id));
    assert.equal(reverted.verified, false);
    assert.match(reverted.evidence, /the breaker tool_ChordAnalysis is open/);
    assert.equal(injector.registry.open.length, 1);
    await lab.clock.advance(35_000);
    assert.equal(injector.registry.open.length, 0);
    assert.equal((await lab.user.breakers())['tool_ChordAnalysis'], 'closed');
  });
});
