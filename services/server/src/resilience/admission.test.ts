import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@encore/kit';
import { describe, it } from 'mocha';
import { serverConfigSchema } from '../config.ts';
import type { ShedReason } from '../metrics.ts';
import { Admission, type Cost } from './admission.ts';
import type { CpuBudget } from './cpu-budget.ts';

const forever = (): Promise<never> => new Promise(() => {});

function create(limits: Record<string, unknown>, cpu: CpuBudget | null = null) {
  const state = { now: 0, heavyRefused: false, stopping: false, shed: [] as ShedReason[] };
  const clock: Clock = { now: () => state.now, sleep: async () => {} };
  const admission = new Admission({
    limits: serverConfigSchema.parse(limits),
    clock,
    heavyRefused: () => state.heavyRefused,
    stopping: () => state.stopping,
    cpu,
    onShed: (reason) => state.shed.push(reason),
  });
  return { admission, state };
}

describe('Admission', () => {
  it('sheds heavy work first: light work still finds a place when heavy work has taken its share', async () => {
    const { admission } = create({ max_concurrent_requests: 4, max_queued_requests: 2 });
    const end = new AbortController();
    const occupy = async (cost: Cost, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) admission.run(cost, forever, end.signal).catch(() => {});
      await turn();
    };
    await occupy('heavy', 3);
    assert.equal(admission.refusal('a', '', 'heavy')?.code, 'OVERLOADED');
    assert.equal(admission.refusal('a', '', 'light'), null);
    await occupy('light', 4);
    assert.equal(admission.refusal('a', '', 'light')?.code, 'OVERLOADED');
    end.abort();
  });

  it('lets those who would have to wait in only if there is CPU for them, and everybody under overload', async () => {
    const cpu = { left: 0, take: () => cpu.left-- > 0 };
    const budget = cpu as Partial<CpuBudget> as CpuBudget;
    const { admission, state } = create({ max_concurrent_requests: 1, max_queued_requests: 9 }, budget);
    const work = Promise.withResolvers<void>();
    assert.equal(admission.refusal('a', '', 'light'), null, 'there is a place');
    const done = admission.run('light', () => work.promise, new AbortController().signal);
    cpu.left = 1;
    assert.equal(admission.refusal('b', '', 'light'), null, 'there is CPU');
    assert.equal(admission.refusal('c', '', 'light')?.code, 'OVERLOADED', 'there is neither');
    work.resolve();
    await done;
    await turn();
    await turn();
    assert.equal(admission.refusal('d', '', 'light')?.code, 'OVERLOADED', 'there is a place, but we are overloaded');
    cpu.left = 9;
    for (let i = 0; i < 9; i += 1) assert.equal(admission.refusal('d', '', 'light'), null, 'there is CPU again');
    state.now = 1_000;
    for (let i = 0; i < 4; i += 1) await turn();
    assert.equal(admission.refusal('e', '', 'light'), null, 'few were refused of late');
  });

  it('counts who was let in as if they had their place, until they can have taken it', async () => {
    const { admission } = create({ max_concurrent_requests: 2, max_queued_requests: 1 });
    const codes = ['a', 'b', 'c', 'd', 'e'].map((client) => admission.refusal(client, '', 'light')?.code);
    assert.deepEqual(codes, [undefined, undefined, undefined, 'OVERLOADED', 'OVERLOADED']);
    await turn();
    assert.equal(admission.refusal('f', '', 'light')?.code, 'OVERLOADED');
    await turn();
    await turn();
    assert.equal(admission.refusal('g', '', 'light'), null, 'none of them came');
  });

  it('limits one client without touching the others, and lets it go on as its tokens come back', () => {
    const { admission, state } = create({ rate_limit: { client_per_second: 10, burst_seconds: 1 } });
    const codes = Array.from({ length: 12 }, () => admission.refusal('greedy', '', 'light')?.code);
    assert.deepEqual(codes.slice(9), [undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
    assert.equal(admission.refusal('modest', '', 'light'), null);
    state.now = 100;
    assert.equal(admission.refusal('greedy', '', 'light'), null);
    assert.equal(admission.refusal('greedy', '', 'light')?.status, 429);
  });

  it('does not limit a hundred users behind one proxy, whether they name themselves or not', async () => {
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

  it('refuses only heavy work when memory is short or the server stops, and counts each refusal', () => {
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
