import assert from 'node:assert/strict';
import type { EncoreEvent, FaultKind, Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { plannedFault, type SimulatedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { judge } from './judge.ts';

type Firing = [alert: string, fromSecond: number, toSecond: number];

const crash = plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40 });
const latency = plannedFault(2, { kind: 'latency', target: 'client-link', atSeconds: 80, durationSeconds: 6 });

/** The report of a run with these faults, in which alerts did this. No firings at all: nobody asked Prometheus. */
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
          { type: 'alerts_asked', at, fromAt: plain.at(-10), toAt: at, alerts },
          ...firings.map(([alert, from, to]) => ({
            type: 'alert_fired' as const,
            at,
            alert,
            fromAt: plain.at(from),
            toAt: plain.at(to),
          })),
        ];
  const run = new SimulatedRun({ faults, extra });
  const { report } = await judge({ history: run.history(), plan: run.plan, ledger: run.ledger(), historyProblems: [] });
  assert.equal(report.result, 'PASSED', 'monitoring decides nothing');
  return report;
}

describe('what monitoring saw of each fault', () => {
  const cases: [
    what: string,
    faults: SimulatedFault[],
    firings: Firing[],
    expected: Report['faults'][number]['monitoring'][],
  ][] = [
    [
      'the first alert that names the kind, and after how long',
      [crash],
      [
        ['ServerRestarted', 52, 100],
        ['ProbesFail', 47, 55],
      ],
      [{ state: 'seen', alert: 'ProbesFail', after_seconds: 7 }],
    ],
    [
      'nothing, when the alert came long after the fault',
      [crash],
      [['ServerRestarted', 90, 100]],
      [{ state: 'silent', alert: null, after_seconds: null }],
    ],
    [
      'nothing, when only an alert fired that does not name the kind',
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
      'an alert as that of the fault injected last',
      [crash, { ...latency, atSeconds: 50 }],
      [['ProbesFail', 53, 60]],
      [
        { state: 'silent', alert: null, after_seconds: null },
        { state: 'seen', alert: 'ProbesFail', after_seconds: 3 },
      ],
    ],
    [
      'that no alert is there for a kind',
      [plannedFault(1, { kind: 'slow-close', target: 'client-link', atSeconds: 40, durationSeconds: 5 })],
      [['ProbesFail', 42, 50]],
      [{ state: 'not_alerting', alert: null, after_seconds: null }],
    ],
  ];
  for (const [what, faults, firings, expected] of cases) {
    it(`says ${what}`, async () => {
      const report = await watched(faults, firings);
      const rounded = report.faults.map(({ monitoring }) => ({
        ...monitoring,
        after_seconds: monitoring?.after_seconds == null ? null : Math.round(monitoring.after_seconds),
      }));
      assert.deepEqual(rounded, expected);
    });
  }

  it('warns of a fault that an alert must name, and of no other', async () => {
    const { warnings } = await watched([crash, latency], []);
    assert.deepEqual(
      warnings.filter((text) => text.includes('Prometheus')),
      ['no alert of Prometheus for faults that must raise one: f0001 (crash)'],
    );
  });

  it('says nothing of a fault that did not bite', async () => {
    const faults: SimulatedFault[] = [crash, { ...latency, bit: 'unsupported' }];
    assert.equal((await watched(faults, [['ProbesFail', 82, 84]])).faults[1]?.monitoring, null);
  });

  it('lists it as not tested when nobody watched', async () => {
    const unwatched = await watched([crash], null);
    assert.equal(unwatched.faults[0]?.monitoring, null);
    const said = (report: Report): boolean => report.not_tested.some((text) => text.includes('no Prometheus'));
    assert.equal(said(unwatched), true);
    assert.equal(said(await watched([crash], [])), false);
  });
});
