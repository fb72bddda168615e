import assert from 'node:assert/strict';
import { EncoreError, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { createMetrics } from '../metrics.ts';
import type { Admission } from '../resilience/admission.ts';
import { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { overloaded } from '../resilience/semaphore.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';
import { defineTool, type ServerControl } from './tool.ts';
import { isToolFailure, ToolRunner } from './tool-runner.ts';

const failures = 5;

/** A runner with one tool, which runs `work`, and its breaker. */
function runnerOf(work: (signal: AbortSignal) => Promise<Record<string, never>>, onSlot = () => {}) {
  const name = 'subject';
  const about = { name, title: name, description: name, effect: 'reads' as const, cost: 'heavy' as const };
  const tool = defineTool({
    ...about,
    input: z.object({}),
    output: z.object({}),
    run: (_, { signal }) => work(signal),
  });
  const rules = { failures, successes: 2, openMs: 60_000, timeoutMs: 50 };
  const breaker = new CircuitBreaker({ name, ...rules, isFailure: isToolFailure, clock: systemClock });
  const runner = new ToolRunner({
    library: {} as ScoreLibrary,
    control: {} as ServerControl,
    admission: {
      run: (_cost: string, job: () => Promise<unknown>) => {
        onSlot();
        return job();
      },
    } as unknown as Admission,
    breakers: new Map([[name, breaker]]),
    metrics: createMetrics([name]),
  });
  return { breaker, call: (signal: AbortSignal) => runner.run(tool, {}, signal) };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<Record<string, never>>((_, failed) => {
    // Reject as streams do, with an error of their own instead of the reason.
    signal.addEventListener('abort', () => failed(new DOMException('The operation was aborted', 'AbortError')));
  });

describe('ToolRunner', () => {
  it('does not count calls that the client cancels against the tool', async () => {
    const { breaker, call } = runnerOf(untilAborted);
    for (let i = 0; i < 2 * failures; i += 1) {
      const client = new AbortController();
      const answer = call(client.signal);
      client.abort(new EncoreError('CLIENT_GONE', 'disconnected'));
      await assert.rejects(answer, { code: 'CLIENT_GONE' });
    }
    assert.equal(breaker.state, 'closed');
  });

  it('counts timeouts against the tool', async () => {
    const { breaker, call } = runnerOf(untilAborted);
    const tooSlow = () => assert.rejects(call(new AbortController().signal), { code: 'TOOL_TIMEOUT', status: 504 });
    for (let i = 1; i < failures; i += 1) await tooSlow();
    assert.equal(breaker.state, 'closed', 'each late call counts once');
    await tooSlow();
    assert.equal(breaker.state, 'open');
    await assert.rejects(call(new AbortController().signal), { code: 'BREAKER_OPEN' });
  });

  it('does not count refusals of its dependencies against the tool', async () => {
    const { breaker, call } = runnerOf(() => Promise.reject(overloaded('all workers are busy')));
    for (let i = 0; i < 2 * failures; i += 1) {
      await assert.rejects(call(new AbortController().signal), { code: 'OVERLOADED' });
    }
    assert.equal(breaker.state, 'closed');
  });

  it('takes no slot when the breaker refuses the call', async () => {
    let slots = 0;
    const { call } = runnerOf(
      () => Promise.reject(new TypeError('of null')),
      () => {
        slots += 1;
      },
    );
    for (let i = 0; i < failures; i += 1) await assert.rejects(call(new AbortController().signal));
    assert.equal(slots, failures);
    await assert.rejects(call(new AbortController().signal), { code: 'BREAKER_OPEN', message: /try again in 60 s/ });
    assert.equal(slots, failures);
  });

  it('reports an unexpected exception as INTERNAL', async () => {
    const { call } = runnerOf(() => Promise.reject(new TypeError('of null')));
    await assert.rejects(call(new AbortController().signal), { code: 'INTERNAL', status: 500 });
  });
});
