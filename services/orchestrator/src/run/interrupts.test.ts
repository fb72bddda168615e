import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Interrupts } from './interrupts.ts';
import type { Interrupt } from './phase.ts';

const stop: Interrupt = { type: 'stop', reason: 'Ctrl-C' };
const broke: Interrupt = { type: 'broke', reason: 'the load was lost' };
/** The interrupt that has been delivered by now; null without one. */
const delivered = (phase: Promise<Interrupt>): Promise<Interrupt | null> => Promise.race([phase, null]);

describe('interrupts', () => {
  it('interrupt the running phase, once', async () => {
    const interrupts = new Interrupts();
    const phase = interrupts.beginPhase();
    assert.equal(await delivered(phase), null);
    interrupts.raise(stop);
    assert.equal(await delivered(phase), stop);
    interrupts.endPhase();
    assert.equal(await delivered(interrupts.beginPhase()), null);
  });

  it('wait for the next phase if none is running, and the first one counts', async () => {
    const interrupts = new Interrupts();
    interrupts.raise(broke);
    interrupts.raise(stop);
    assert.equal(await delivered(interrupts.beginPhase()), broke);
  });

  it('interrupt the next phase if they follow another one', async () => {
    const interrupts = new Interrupts();
    const phase = interrupts.beginPhase();
    interrupts.raise(broke);
    interrupts.raise(stop);
    assert.equal(await delivered(phase), broke);
    interrupts.endPhase();
    assert.equal(await delivered(interrupts.beginPhase()), stop);
  });

  it('do not reach a phase that has ended', async () => {
    const interrupts = new Interrupts();
    const phase = interrupts.beginPhase();
    interrupts.endPhase();
    interrupts.raise(stop);
    assert.equal(await delivered(phase), null);
    assert.equal(await delivered(interrupts.beginPhase()), stop);
  });
});
