import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@encore/kit';
import { describe, it } from 'mocha';
import type { ShedReason } from '../metrics.ts';
import { serverConfigSchema } from '../server-config.ts';
import { Admission, type Cost } from './admission.ts';

const forever = (): Promise<never> => new Promise(() => {});

function create(limits: Record<string, unknown>) {
  const state = { now: 0, heavyRefused: false, stopping: false, shed: [] as ShedReason[] };
  const clock: Clock = { now: () => state.now, sleep: async () => {} };
  const admission = new Admission({
    limits: serverConfigSchema.parse(limits),
    clock,
    heavyRefused: () => state.heavyRefused,
    stopping: () => state.stopping,
    onShed: (reason) => state.shed.push(reason),
  });
  return { admission, state };
}

describe('Admission', () => {
  it('sheds heavy work first and keeps slots for light work', async () => {
    const { admission } = create({ max_concurrent_requests: 4, max_queued_requests: 2 });
    const end = new AbortController();
    const occupy = async (cost: Cost, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) admission.run(cost, forever, end.signal).catch(() => {});
      await turn();
    };
    await occupy('heavy', 4);
    assert.equal(admission.refusal('a', '', 'heavy')?.code, 'OVERLOADED');
    assert.equal(admission.refusal('a', '', 'light'), null);
    await occupy('light', 4);
    assert.equal(admission.refusal('a', '', 'light')?.code, 'OVERLOADED');
    end.abort();
  });

  it('counts an admitted request as active before its work begins', async () => {
    const { admission } = create({ max_concurrent_requests: 2, max_queued_requests: 1 });
    const codes = ['a', 'b', 'c', 'd', 'e'].map((client) => admission.refusal(client, '', 'light')?.code);
    assert.deepEqual(codes, [undefined, undefined, undefined, 'OVERLOADED', 'OVERLOADED']);
    await turn();
    assert.equal(admission.refusal('f', '', 'light')?.code, 'OVERLOADED');
    await turn();
    await turn();
    assert.equal(admission.refusal('g', '', 'light'), null, 'none of them began its work');
  });

  it('limits one client without affecting others, until its tokens refill', () => {
    const { admission, state } = create({ rate_limit: { client_per_second: 10, burst_seconds: 1 } });
    const codes = Array.from({ length: 12 }, () => admission.refusal('greedy', '', 'light')?.code);
    assert.deepEqual(codes.slice(9), [undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
    assert.equal(admission.refusal('modest', '', 'light'), null);
    state.now = 100;
    assert.equal(admission.refusal('greedy', '', 'light'), null);
    assert.equal(admission.refusal('greedy', '', 'light')?.status, 429);
  });

  it('limits clients without a short id together, by their address', () => {
    const { admission } = create({ rate_limit: { address_per_second: 2, burst_seconds: 1 } });
    const code = (id: string | undefined, address: string) => admission.refusal(id, address, 'light')?.code;
    assert.deepEqual([code(undefined, '10.0.0.1'), code('x'.repeat(65), '10.0.0.1')], [undefined, undefined]);
    assert.equal(code(undefined, '10.0.0.1'), 'RATE_LIMITED');
    assert.equal(code('y'.repeat(65), '10.0.0.1'), 'RATE_LIMITED');
    assert.equal(code('x'.repeat(64), '10.0.0.1'), undefined, 'it has its own limit');
    assert.equal(code(undefined, '10.0.0.2'), undefined);
  });

  it('does not limit 100 users behind one proxy, with or without a client id', async () => {
    const { admission, state } = create({});
    for (let second = 0; second < 10; second++) {
      for (let request = 0; request < 1_000; request++) {
        state.now = second * 1_000 + request;
        assert.equal(admission.refusal(undefined, '10.0.0.9', 'light'), null);
        assert.equal(admission.refusal(`user-${request % 100}`, '10.0.0.9', 'light'), null);
        await turn();
      }
    }
  });

  it('refuses only heavy work when memory is low or the server stops, and reports each refusal', () => {
    const { admission, state } = create({});
    state.heavyRefused = true;
    assert.equal(admission.refusal('a', '', 'heavy')?.code, 'OVERLOADED');
    assert.equal(admission.refusal('a', '', 'light'), null);
    state.heavyRefused = false;
    state.stopping = true;
    assert.equal(admission.refusal('a', '', 'heavy')?.code, 'DRAINING');
    assert.equal(admission.refusal('a', '', 'light'), null);
    assert.deepEqual(state.shed, ['MEMORY', 'DRAINING']);
  });
});
