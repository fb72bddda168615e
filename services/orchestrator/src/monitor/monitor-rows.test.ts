import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { RunView, type Snapshot } from '../progress/run-view.ts';
import { profiles } from '../settings/profiles.ts';
import { monitorRows, sparkline } from './monitor-rows.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const steady = 10_000;

function busy(): Snapshot {
  const view = new RunView('r20260101_120000', config, makePlan(config, bundledSystem), 0);
  const add = (event: EncoreEvent): void => view.add(event);
  add({ type: 'phase_entered', at: steady, phase: 'steady' });
  add({
    type: 'target_sampled',
    at: steady,
    target: 'server',
    memoryBytes: 90 * 2 ** 20,
    memoryLimitBytes: 100 * 2 ** 20,
    cpuSeconds: 1,
  });
  add({
    type: 'target_sampled',
    at: steady + 5_000,
    target: 'server',
    memoryBytes: 90 * 2 ** 20,
    memoryLimitBytes: 100 * 2 ** 20,
    cpuSeconds: 2.71,
  });
  for (let n = 1; n <= 100; n += 1) {
    const at = steady + n * 1_000;
    add({
      type: 'load_second',
      at,
      users: 20,
      attempts: { ok: n, cancelled_at_end: 3, ...(n > 50 && { deadline: 1 }) },
      operations: { create: { ok: n, failed: 0, unknown: 0, cancelled: 0, skipped: 12 } },
      responseMs: { p50: n, p99: 2 * n, max: 3 * n },
      bytesSent: 12_884_902,
      bytesReceived: 57_672,
    });
  }
  for (let n = 1; n <= 8; n += 1) {
    const at = steady + n * 9_000;
    const faultId = `k000${n}`;
    add({ type: 'fault_injected', at, faultId, kind: 'crash', target: 'server', params: {} });
    add({ type: 'engine_event', at, engineAt: at, target: 'server', action: 'die', exitCode: 131 });
    add({ type: 'fault_effect_checked', at, faultId, effect: 'confirmed', evidence: '' });
    if (n < 8) add({ type: 'answered_again', at: at + 1_500, startedAt: at + 1_400, operation: 'create' });
  }
  add({ type: 'server_observed', at: steady + 100_000, port: false, ready: false });
  view.history.end();
  view.detail = {
    status: 'healthy',
    collections: null,
    uptimeSeconds: 12,
    requests: { active: 12, queued: 3 },
    breakers: { tool_key_analysis: 'open', database: 'closed' },
  };
  view.serverPid = 12_345;
  view.host = {
    cpuShare: 0.673,
    cores: 8,
    memory: { usedShare: 0.456, freeBytes: 8.7 * 2 ** 30 },
    disk: { usedShare: 0.75, freeBytes: 412 * 2 ** 30 },
  };
  return view.snapshot(steady + 100_500);
}
const page = 'http://localhost:8180';
const textOf = (state: Snapshot, columns: number, rows: number): string[] =>
  monitorRows(state, { columns, rows }, page).map((row) => row.map(({ text }) => text).join(''));

describe('monitorRows', () => {
  it('fits the height of every size from 80x24 up, and uses the available space', () => {
    for (const [columns, rows] of [
      [80, 24],
      [100, 30],
      [200, 60],
    ] as const) {
      const lines = textOf(busy(), columns, rows);
      assert.ok(lines.length < rows, `${lines.length} lines of ${rows}`);
    }
    const kills = (rows: number): number => textOf(busy(), 80, rows).filter((line) => line.includes('crash   ')).length;
    assert.ok(kills(60) > kills(24));
  });

  it('shows all figures of a run', () => {
    const screen = textOf(busy(), 80, 24).join('\n');
    for (const word of [
      'steady',
      'left',
      'DOWN',
      '90 MB (90.0 %)',
      'tool_key_analysis open',
      '20',
      '100.0 % success',
      '0 failed, 0 without a response; 1,200 skipped',
      'p99 200 ms',
      'crash of server',
      ' in ',
      'recovered in 1.5 s',
      'not recovered yet',
      'active 12',
      'RECENT ALERTS',
      '[INFO] Recovery successful in 1.5 s: server (k0007)',
    ])
      assert.ok(screen.includes(word), `${word} in\n${screen}`);
  });

  it('shows the machine and the server process on a large terminal', () => {
    const screen = textOf(busy(), 80, 60).join('\n');
    for (const row of [
      'SERVER METRICS',
      'requests   5,100 in total, 50 failed',
      'SYSTEM METRICS',
      'CPU        67.3 % of 8 cores',
      'Memory     45.6 % used, 8.7 GB free',
      'Disk       75.0 % used, 412 GB free',
      'Network    sent 1.2 GB, received 5.5 MB',
      'Process    server: PID 12345, CPU 34.2 %, memory 90.0 MB',
      '[WARNING] High memory: server uses 90.0 % of its limit',
    ])
      assert.ok(screen.includes(row), `${row} in\n${screen}`);
    assert.match(textOf(busy(), 80, 40).join('\n'), /SYSTEM METRICS/, 'the size that the guide asks for');
    assert.doesNotMatch(textOf(busy(), 80, 24).join('\n'), /SYSTEM METRICS/);
  });

  it('colours the level of an alert', () => {
    const pieces = monitorRows(busy(), { columns: 80, rows: 60 }, page).flat();
    const colourOf = (level: string) => pieces.find(({ text }) => text === level)?.colour;
    assert.deepEqual([colourOf('[INFO]'), colourOf('[WARNING]')], ['green', 'yellow']);
  });

  it('shows the page address at every size', () => {
    for (const columns of [80, 200])
      assert.ok(textOf(busy(), columns, 24).some((line) => line.endsWith(`page ${page}`) && line.length === columns));
  });

  it('shows the required size on a terminal that is too small', () => {
    for (const [columns, rows] of [
      [79, 24],
      [80, 23],
      [20, 3],
      [5, 1],
    ] as const) {
      const lines = textOf(busy(), columns, rows);
      assert.ok(lines.length <= Math.max(1, rows - 1));
      assert.match(lines[0] ?? '', /^needs/);
      assert.doesNotMatch(lines.join('\n'), /ENCORE/);
    }
    assert.deepEqual(textOf(busy(), 60, 20), ['needs 80x24', 'has 60x20', 'enlarge it, or q: close']);
  });

  it('marks a late recovery in red', () => {
    const state = { ...busy(), recoveryLimitSeconds: 1 };
    const pieces = monitorRows(state, { columns: 80, rows: 24 }, page).flat();
    const late = pieces.filter(({ text }) => text === 'recovered in 1.5 s, too late (limit 1 s)');
    assert.ok(late.length > 0);
    for (const { colour } of late) assert.equal(colour, 'red');
  });

  it('renders before the first event', () => {
    const lines = textOf(new RunView('r1', config, makePlan(config, bundledSystem), 0).snapshot(500), 80, 24);
    assert.ok(lines.join('\n').includes('preflight'));
  });

  it('draws a gap for missing values', () => {
    assert.equal(sparkline([0, null, 1], 5, 1), '  ▁ █');
    assert.equal(sparkline([1, 2, 3], 2), '▆█');
    assert.equal(sparkline([], 3), '   ');
  });
});
