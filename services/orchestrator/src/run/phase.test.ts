import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { nextPhase, type PhaseEvent, type PhaseState } from './phase.ts';

const done: PhaseEvent = { type: 'done' };
const stop: PhaseEvent = { type: 'stop', reason: 'Ctrl-C' };
const broke: PhaseEvent = { type: 'broke', reason: 'the chaos service is gone' };

function walk(events: PhaseEvent[]): PhaseState[] {
  const states: PhaseState[] = [{ phase: 'preflight' }];
  for (const event of events) states.push(nextPhase(states.at(-1) as PhaseState, event));
  return states;
}
const names = (events: PhaseEvent[]): string =>
  walk(events)
    .map(({ phase }) => phase)
    .join(' ');

describe('nextPhase', () => {
  it('goes through all phases in order', () => {
    const events = Array.from({ length: 7 }, () => done);
    assert.equal(names(events), 'preflight startup ramp steady cooldown read-back close over');
    assert.deepEqual(walk(events).at(-1), { phase: 'over', ending: { outcome: 'completed' } });
  });

  it('goes to cooldown on a stop, and skips the read-back', () => {
    assert.equal(names([done, done, done, stop, done, done]), 'preflight startup ramp steady cooldown close over');
  });

  it('repeats cooldown on a stop during cooldown', () => {
    assert.equal(
      names([done, done, done, done, stop, done, done]),
      'preflight startup ramp steady cooldown cooldown close over',
    );
  });

  it('reverts and reads back after an error, and keeps its reason', () => {
    const states = walk([done, done, done, broke, done, done, done]);
    assert.equal(
      states.map(({ phase }) => phase).join(' '),
      'preflight startup ramp steady cooldown read-back close over',
    );
    assert.deepEqual(states.at(-1), {
      phase: 'over',
      ending: { outcome: 'aborted', reason: 'the chaos service is gone' },
    });
  });

  it('skips cooldown when nothing was started', () => {
    assert.equal(names([broke]), 'preflight over');
    assert.equal(names([stop]), 'preflight over');
  });

  it('always cools down what was started, reaches the end, and never completes after an error', () => {
    const event = fc.constantFrom(done, stop, broke);
    fc.assert(
      fc.property(fc.array(event, { minLength: 10, maxLength: 10 }), (events) => {
        const states = walk(events);
        const phases = states.map(({ phase }) => phase);
        const last = states.at(-1) as PhaseState;
        assert.equal(last.phase, 'over');
        if (phases.includes('startup')) assert.ok(phases.includes('cooldown') && phases.includes('close'));
        const used = events.slice(0, phases.indexOf('over'));
        if (last.phase === 'over')
          assert.equal(
            last.ending.outcome === 'completed',
            used.every(({ type }) => type === 'done'),
          );
      }),
    );
  });
});
