import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { Progress } from './progress.ts';
import { RunView } from './run-view.ts';
import { statusLine } from './status-lines.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const startedAt = 1_000_000;

/** The view of a run once the given events are in order. */
function viewAfter(events: EncoreEvent[]): RunView {
  const view = new RunView('r1', config, makePlan(config, bundledSystem), startedAt);
  for (const event of events) view.add(event);
  view.history.end();
  return view;
}
const second = (at: number, ok: number, failed: number, skipped = 0): EncoreEvent => ({
  type: 'load_second',
  at,
  users: 20,
  attempts: { ok, refused: failed, cancelled_at_end: 5 },
  operations: { create: { ok, failed, unknown: 0, cancelled: 5, skipped } },
  responseMs: { p50: 12, p99: 80, max: 90 },
  bytesSent: 1,
  bytesReceived: 1,
});

describe('status line', () => {
  const steady = startedAt + 10_000;
  const kill: EncoreEvent[] = [
    { type: 'phase_entered', at: steady, phase: 'steady' },
    {
      type: 'fault_injected',
      at: steady + 100,
      engineAt: steady + 90,
      faultId: 'k0001',
      kind: 'outage',
      target: 'server',
      params: {},
    },
    { type: 'engine_event', at: steady + 110, engineAt: steady + 95, target: 'server', action: 'die', exitCode: 137 },
    { type: 'fault_effect_checked', at: steady + 120, faultId: 'k0001', effect: 'confirmed', evidence: 'died' },
    { type: 'server_observed', at: steady + 150, port: false, ready: false },
    second(steady + 1_000, 30, 10),
  ];

  it('counts completed operations, not those cut off at the end', () => {
    const state = viewAfter(kill).snapshot(steady + 1_500);
    assert.deepEqual(state.operations, { ok: 30, failed: 10, unknown: 0, cancelled: 5, skipped: 0 });
    assert.equal(state.successRate, 0.75);
    assert.deepEqual(state.requests, { all: 40, failed: 10 });
    assert.equal(state.recent.requestsPerSecond, 40);
    assert.equal(state.current.length, 1);
    assert.deepEqual([state.faults.injected, state.faults.effect], [1, 1]);
    assert.ok(state.next !== null && state.next.at > steady + 1_500);
  });

  it('shows skipped operations, which the success rate excludes', () => {
    assert.doesNotMatch(statusLine(viewAfter(kill).snapshot(steady + 1_500)), /skipped/);
    const state = viewAfter([...kill, second(steady + 2_000, 30, 10, 1_234)]).snapshot(steady + 2_500);
    assert.equal(state.operations.skipped, 1_234);
    assert.match(statusLine(state), /success 75\.00 % \(last 10 s 75\.00 %\), skipped 1,234/);
  });

  it('shows the kill until users are answered again', () => {
    const during = viewAfter(kill).snapshot(steady + 1_500);
    assert.match(statusLine(during), / \| server DOWN \| now outage of server for 1 s \| next /);
    assert.equal(during.kills[0]?.recoveredAt, null);
    const answer = { startedAt: steady + 3_900, operation: 'analyze' } as const;
    const after = viewAfter([...kill, { type: 'answered_again', at: steady + 4_000, ...answer }]);
    const state = after.snapshot(steady + 5_000);
    const expected = { id: 'k0001', kind: 'outage', at: steady + 90, effect: 'confirmed', recoveredAt: steady + 4_000 };
    assert.deepEqual(state.kills, [expected]);
    assert.match(statusLine(state), / \| now no fault \| /);
  });

  it('names the container whose recovery is judged', () => {
    const state = { ...viewAfter(kill).snapshot(steady + 1_500), recoveryOf: 'api' };
    assert.match(statusLine(state), / \| api DOWN \|/);
  });

  it('appears every ten seconds between the lines of events', () => {
    let text = '';
    const progress = new Progress({ write: (part) => (text += part) }, 'api');
    const view = viewAfter(kill);
    for (let at = steady; at < steady + 31_000; at += 1_000) progress.tick(view.snapshot(at));
    progress.onEvent({ type: 'server_observed', at: steady, port: true, ready: true });
    progress.print('over');
    assert.equal(text.trim().split('\n').length, 6);
    assert.match(text, / api ready$/m);
  });
});
