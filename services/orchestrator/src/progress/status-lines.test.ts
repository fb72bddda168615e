import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { Progress } from './progress.ts';
import { RunView } from './run-view.ts';
import { statusLine, statusLines } from './status-lines.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const startedAt = 1_000_000;

function viewAfter(events: EncoreEvent[]): RunView {
  const view = new RunView('r1', config, makePlan(config, bundledSystem), startedAt);
  for (const event of events) view.add(event);
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

describe('status lines', () => {
  const steady = startedAt + 10_000;
  const kill: EncoreEvent[] = [
    { type: 'phase_entered', at: steady, phase: 'steady' },
    {
      type: 'fault_injected',
      at: steady + 100,
      engineAt: steady + 90,
      faultId: 'f0001',
      kind: 'outage',
      target: 'server',
      params: {},
    },
    { type: 'server_observed', at: steady + 150, port: false, ready: false },
    second(steady + 1_000, 30, 10),
  ];

  it('count completed operations, not those cut off at the end', () => {
    const state = viewAfter(kill).snapshot(steady + 1_500);
    assert.deepEqual(state.operations, { ok: 30, failed: 10, unknown: 0, skipped: 0 });
    assert.equal(state.successRate, 0.75);
    assert.equal(state.recent.requestsPerSecond, 40);
    assert.equal(state.current.length, 1);
    assert.ok(state.next !== null && state.next.at > steady + 1_500);
  });

  it('show skipped operations, which the success rate excludes', () => {
    const before = viewAfter(kill).snapshot(steady + 1_500);
    assert.doesNotMatch(`${statusLines(before).join()}${statusLine(before)}`, /skipped/);
    const state = viewAfter([...kill, second(steady + 2_000, 30, 10, 1_234)]).snapshot(steady + 2_500);
    assert.equal(state.operations.skipped, 1_234);
    assert.match(statusLines(state).join('\n'), /operations 80 {3}success 75\.00 % {3}skipped 1,234 {3}server DOWN$/m);
    assert.match(statusLine(state), /success 75\.00 % \(last 10 s 75\.00 %\), skipped 1,234/);
  });

  it('show when users were answered again', () => {
    const view = viewAfter(kill);
    view.add({ type: 'answered_again', at: steady + 4_000, startedAt: steady + 3_900, operation: 'analyze' });
    const state = view.snapshot(steady + 5_000);
    assert.equal(state.kills[0]?.recoveredAt, steady + 4_000);
    assert.equal(state.current.length, 0);
    assert.ok(statusLines(state).some((line) => line.includes('recovered in 3.9 s')));
  });

  it('name the container whose recovery is judged', () => {
    const state = { ...viewAfter(kill).snapshot(steady + 1_500), recoveryOf: 'api' };
    assert.match(statusLines(state).join('\n'), / {3}api DOWN$/m);
    assert.match(statusLine(state), / \| api DOWN \|/);
  });

  it('fit into 79 columns', () => {
    const lines = statusLines(viewAfter(kill).snapshot(steady + 1_500));
    for (const line of lines) assert.ok(line.length <= 79, line);
    const text = lines.join('\n');
    for (const word of ['steady', 'left', '75.00 %', 'DOWN', 'outage of server', 'next:'])
      assert.ok(text.includes(word), `${word} in\n${text}`);
    assert.ok(statusLine(viewAfter(kill).snapshot(steady + 1_500)).includes('outage of server'));
  });

  it('contain no escape codes without a terminal', () => {
    let text = '';
    const progress = new Progress({ write: (part) => (text += part) }, true, 'api');
    const view = viewAfter(kill);
    for (let at = steady; at < steady + 31_000; at += 1_000) progress.tick(view.snapshot(at));
    progress.onEvent({ type: 'server_observed', at: steady, port: true, ready: true });
    progress.print('over');
    assert.equal(text.trim().split('\n').length, 6);
    assert.ok(!text.includes('\x1b'));
    assert.match(text, / api ready$/m);
  });
});
