import assert from 'node:assert/strict';
import { createRegistry } from '@encore/kit';
import { describe, it } from 'mocha';
import { profiles } from '../../settings/profiles.ts';
import { eventLoopDelayP99Ms, generatorCheck } from './generator-check.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };

describe('generatorCheck', () => {
  const state = (cores: number, users: number, delayMs: number | null) =>
    generatorCheck(cores, { ...config, users }, delayMs).state;

  it('accepts a free core and a punctual event loop', () => {
    assert.equal(state(2, 100, 12), 'ok');
  });

  it('warns of few cores, many users, a busy machine, and a missing measurement', () => {
    assert.equal(state(1, 20, 12), 'warn');
    assert.equal(state(2, 500, 12), 'warn');
    assert.equal(state(2, 20, 80), 'warn');
    assert.equal(state(2, 20, null), 'warn');
    assert.match(generatorCheck(1, { ...config, users: 1 }, 12).found, /^1 core for 1 user;/);
    assert.match(generatorCheck(2, config, 80).fix ?? '', /stop other work/);
  });

  it("reads the delay from the service's metrics", async () => {
    assert.equal(eventLoopDelayP99Ms('nodejs_eventloop_lag_p99_seconds{service="loadgen"} 0.0125'), 12.5);
    for (const none of ['', 'nodejs_eventloop_lag_p99_seconds{service="loadgen"} NaN'])
      assert.equal(eventLoopDelayP99Ms(none), null);
    const delays: (number | null)[] = [];
    const registry = createRegistry('loadgen');
    for (const waitMs of [0, 100]) {
      await new Promise((done) => setTimeout(done, waitMs));
      delays.push(eventLoopDelayP99Ms(await registry.metrics()));
    }
    assert.ok((delays[1] ?? 0) > 0, `${delays}`);
  });
});
