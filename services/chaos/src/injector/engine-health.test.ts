import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { events, startedLab } from '../testing/started-lab.ts';

describe('EngineHealth', () => {
  const dead = () => Promise.reject(new EncoreError('ENGINE_UNREACHABLE', 'connect ECONNREFUSED'));
  it('records how long the engine was dead, and is not ready in the meantime', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    const lostAt = lab.clock.now();
    lab.engine.list = dead;
    lab.engine.breakOff();
    await lab.clock.advance(8_000);
    assert.equal(injector.ready, false);
    lab.engine.list = list;
    await lab.clock.advance(4_000);
    assert.equal(injector.ready, true);
    assert.deepEqual(lab.givenUp, []);
    const [lost, ...more] = events(injector, 'engine_lost');
    assert.ok(lost && more.length === 0 && !lost.ongoing, JSON.stringify([lost, more]));
    assert.ok(lost.fromAt <= lostAt && lost.toAt >= lostAt + 8_000, JSON.stringify(lost));
    stop.abort();
  });

  it('names chaos, not the engine, for the time in which it did not run itself', async () => {
    const { lab, injector, stop } = await startedLab();
    await lab.clock.advance(2_000);
    const pausedAt = lab.clock.now();
    lab.clock.jump(60_000);
    await lab.clock.advance(3_000);
    const [lost, ...more] = events(injector, 'engine_lost');
    assert.ok(lost && more.length === 0 && !lost.ongoing, JSON.stringify([lost, more]));
    assert.match(lost.reason, /^the chaos service did not run for 6[01] s: it was paused or starved of CPU$/);
    assert.ok(lost.fromAt <= pausedAt && lost.toAt >= pausedAt + 60_000, JSON.stringify(lost));
    assert.deepEqual(events(injector, 'injector_failed'), []);
    stop.abort();
  });

  it('gives the engine its full time to respond after chaos did not run itself', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    await lab.clock.advance(2_000);
    lab.engine.list = dead;
    lab.clock.jump(60_000);
    await lab.clock.advance(10_000);
    assert.deepEqual(lab.givenUp, []);
    lab.engine.list = list;
    await lab.clock.advance(2_000);
    const reasons = [...events(injector, 'engine_lost'), ...events(injector, 'injector_failed')];
    assert.deepEqual(
      reasons.map(({ reason }) => reason.replace(/,? (did|hung).*/, '')),
      ['the chaos service', 'the container engine, which also resolves names'],
    );
    stop.abort();
  });

  it('records a hang but no loss when the engine delivers its events later', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    await lab.clock.advance(8_000);
    assert.equal(injector.ready, false);
    lab.engine.list = list;
    await lab.clock.advance(4_000);
    assert.equal(injector.ready, true);
    assert.deepEqual(events(injector, 'engine_lost'), []);
    const [hang, ...more] = events(injector, 'injector_failed');
    assert.ok(hang && more.length === 0 && /container engine.* hung/.test(hang.reason), JSON.stringify([hang, more]));
    assert.ok(hang.toAt - hang.fromAt >= 8_000 && hang.toAt - hang.fromAt < 12_000, JSON.stringify(hang));
    stop.abort();
  });

  it('does not record a single slow response as a loss', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    lab.engine.breakOff();
    await lab.clock.advance(1_500);
    lab.engine.list = list;
    await lab.clock.advance(5_000);
    assert.deepEqual(events(injector, 'engine_lost'), []);
    stop.abort();
  });

  it('exits after 15 s without the engine; its successor records the length of the gap', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    await lab.clock.advance(14_000);
    assert.deepEqual(lab.givenUp, []);
    await lab.clock.advance(2_500);
    assert.equal(lab.givenUp.length, 1);
    stop.abort();
    const [lost] = events(injector, 'engine_lost');
    assert.ok(lost?.ongoing);
    lab.engine.list = list;
    const successor = lab.injector();
    const stopSuccessor = new AbortController();
    void successor.run(stopSuccessor.signal);
    await lab.clock.advance(3_000);
    const recorded = events(successor, 'engine_lost');
    assert.deepEqual([recorded.length, recorded[1]?.fromAt, recorded[1]?.ongoing], [2, lost.toAt, false]);
    stopSuccessor.abort();
  });

  it('records an engine loss that began in a run, even after the lease has ended', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    renew.on = false;
    await lab.clock.advance(16_500);
    assert.deepEqual([lab.givenUp.length, injector.isInRun], [1, false]);
    stop.abort();
    const [lost] = events(injector, 'engine_lost');
    assert.ok(lost?.ongoing, 'the loss is recorded');
    lab.engine.list = list;
    const successor = lab.injector();
    const stopSuccessor = new AbortController();
    void successor.run(stopSuccessor.signal);
    await lab.clock.advance(3_000);
    assert.deepEqual(
      events(successor, 'engine_lost').map(({ ongoing }) => ongoing),
      [true, false],
    );
    stopSuccessor.abort();
  });
});
