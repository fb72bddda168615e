import assert from 'node:assert/strict';
import type { ReportedFault } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judgeStreams } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';
import { monitoringText } from './phrases.ts';

type Monitoring = ReportedFault['monitoring'];

describe('text of monitoring', () => {
  for (const [effect, monitoring, expected] of [
    ['confirmed', { state: 'seen', alert: 'ProbesFail', after_seconds: 7.42 }, 'ProbesFail after 7 s'],
    [
      'confirmed',
      { state: 'already_firing', alert: 'ProbesFail', after_seconds: null },
      'ProbesFail was already firing',
    ],
    ['confirmed', { state: 'silent', alert: null, after_seconds: null }, 'no alert'],
    ['confirmed', { state: 'not_alerting', alert: null, after_seconds: null }, 'none by design'],
    ['confirmed', null, 'not monitored'],
    ['unsupported', null, '–'],
  ] as [ReportedFault['effect'], Monitoring, string][]) {
    it(`${effect}, ${monitoring?.state ?? 'no data'}: ${expected}`, () => {
      assert.equal(monitoringText({ effect, monitoring }), expected);
    });
  }

  it('appears for each fault on the page and in Markdown', async () => {
    const run = new SimulatedRun({ faults: [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40 })] });
    const history = { history: run.history(), plan: run.plan, ledger: run.ledger() };
    const judgement = await judgeStreams(history);
    assert.match(markdownSummary(judgement.report), /\| f0001 \| crash of server \|.*\| not monitored \|\n/);
    const monitoring: Monitoring = { state: 'seen', alert: 'ServerRestarted', after_seconds: 8 };
    const faults = judgement.report.faults.map((fault) => ({ ...fault, monitoring }));
    const seen = { ...judgement, report: { ...judgement.report, faults } };
    assert.match(renderPage(seen), /<td data-label="Alert"><span>ServerRestarted after 8 s<\/span><\/td>/);
  });
});
