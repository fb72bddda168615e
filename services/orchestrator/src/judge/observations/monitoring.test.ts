import assert from 'node:assert/strict';
import type { EncoreEvent, FaultKind, Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judgeStreams } from '../../testing/judged-run.ts';
import { plannedFault, type SimulatedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

type Firing = [alert: string, fromSecond: number, toSecond: number];

const crash = plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40 });
const latency = plannedFault(2, { kind: 'latency', target: 'server:8000', atSeconds: 80, durationSeconds: 6 });

/** The report of a run with these faults and firings; null: Prometheus was not queried. */
async function watched(faults: SimulatedFault[], firings: Firing[] | null): Promise<Report> {
  const plain = new SimulatedRun();
  const at = plain.at(169);
  const named = (name: string, firesUnder: FaultKind[], mayFireUnder: FaultKind[]) => ({
    name,
    firesUnder,
    mayFireUnder,
  });
  const alerts = [
    named('ServerRestarted', ['crash'], ['memory-cap']),
    named('ProbesFail', [], ['crash', 'latency']),
    named('LostWrites', [], []),
  ];
  const extra: EncoreEvent[] =
    firings === null
      ? []
      : [
          { type: 'alerts_queried', at, fromAt: plain.at(-10), toAt: at, alerts },
          ...firings.map(([alert, from, to]) => ({
            type: 'alert_fired' as const,
            at,
            alert,
            fromAt: plain.at(from),
            toAt: plain.at(to),
          })),
        ];
  const run = new SimulatedRun({ faults, extra });
  const { report } = await judgeStreams({ history: run.history(), plan: run.plan, ledger: run.ledger() });
  assert.equal(report.result, 'PASSED', 'monitoring does not affect the verdict');
  return report;
}

describe('monitoring of faults', () => {
  const cases: [
    what: string,
    faults: SimulatedFault[],
    firings: Firing[],
    expected: Report['faults'][number]['monitoring'][],
  ][] = [
    [
      'the first alert that declares the kind, and its delay',
      [crash],
      [
        ['ServerRestarted', 52, 100],
        ['ProbesFail', 47, 55],
      ],
      [{ state: 'seen', alert: 'ProbesFail', after_seconds: 7 }],
    ],
    [
      'no alert long after the fault',
      [crash],
      [['ServerRestarted', 90, 100]],
      [{ state: 'silent', alert: null, after_seconds: null }],
    ],
    [
      'no alert that does not declare the kind',
      [crash],
      [['LostWrites', 42, 100]],
      [{ state: 'silent', alert: null, after_seconds: null }],
    ],
    [
      'an alert that was firing since an earlier fault',
      [crash, { ...latency, atSeconds: 50 }],
      [['ProbesFail', 44, 60]],
      [
        { state: 'seen', alert: 'ProbesFail', after_seconds: 4 },
        { state: 'already_firing', alert: 'ProbesFail', after_seconds: null },
      ],
    ],
    [
      'an alert for the latest of several faults',
      [crash, { ...latency, atSeconds: 50 }],
      [['ProbesFail', 53, 60]],
      [
        { state: 'silent', alert: null, after_seconds: null },
        { state: 'seen', alert: 'ProbesFail', after_seconds: 3 },
      ],
    ],
    [
      'a kind without any alert',
      [plannedFault(1, { kind: 'slow-close', target: 'server:8000', atSeconds: 40, durationSeconds: 5 })],
      [['ProbesFail', 42, 50]],
      [{ state: 'not_alerting', alert: null, after_seconds: null }],
    ],
  ];
  for (const [what, faults, firings, expected] of cases) {
    it(`reports ${what}`, async () => {
      const report = await watched(faults, firings);
      const rounded = report.faults.map(({ monitoring }) => ({
        ...monitoring,
        after_seconds: monitoring?.after_seconds == null ? null : Math.round(monitoring.after_seconds),
      }));
      assert.deepEqual(rounded, expected);
    });
  }

  it('warns only if an alert declares that the kind must make it fire', async () => {
    const { warnings } = await watched([crash, latency], []);
    assert.deepEqual(
      warnings.filter((text) => text.includes('Prometheus')),
      ['no Prometheus alert for faults that must raise one: f0001 (crash)'],
    );
  });

  it('ignores a fault without effect', async () => {
    const faults: SimulatedFault[] = [crash, { ...latency, effect: 'unsupported' }];
    assert.equal((await watched(faults, [['ProbesFail', 82, 84]])).faults[1]?.monitoring, null);
  });

  it('is listed as not tested if Prometheus was not queried', async () => {
    const unwatched = await watched([crash], null);
    assert.equal(unwatched.faults[0]?.monitoring, null);
    const isListed = (report: Report): boolean =>
      report.not_tested.some((text) => text.includes('Prometheus was not queried'));
    assert.equal(isListed(unwatched), true);
    assert.equal(isListed(await watched([crash], [])), false);
  });
});
