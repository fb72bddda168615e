/** A run of a user's own project: every format names its containers, and none a "server". */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { renamedSystem } from '../../../../test/support/renamed-system.ts';
import { Ledger } from '../judge/collect/integrity.ts';
import { type Judgement, judge } from '../judge/judge.ts';
import { historyOf } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { junitXml } from './junit.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';
import { textSummary } from './text-summary.ts';

const crash = plannedFault(1, { kind: 'crash', target: 'alpha', atSeconds: 20, downSeconds: 2 });
const latency = plannedFault(2, { kind: 'latency', target: 'alpha:8000', atSeconds: 60, durationSeconds: 5 });
const run = new SimulatedRun({
  system: renamedSystem,
  faults: [crash, { ...latency, params: { latencyMs: 400 } }],
  config: { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: {}, control: 'server-down' },
});
// Readiness is lost for a while, without a kill.
const unready = [100, 140].map((second, index) => ({
  type: 'server_observed' as const,
  at: run.at(second),
  port: true,
  ready: index === 1,
}));
const noCapacity = { type: 'capacity_not_measured' as const, at: run.at(-5), reason: 'no answer' };

function judged(): Judgement {
  const events = [...run.events(), ...unready, noCapacity].sort((a, b) => a.at - b.at);
  return judge({ history: historyOf(run.plan, events), ledger: new Ledger(), problems: [] });
}

/** What a reader sees of a page, and the data of its charts. */
const withoutCode = (page: string): string =>
  page.replaceAll(/<style[\s\S]*?<\/style>|<script(?! type="application\/json")[\s\S]*?<\/script>/g, '');

describe('names in the report of a user’s own project', () => {
  const judgement = judged();
  const { report } = judgement;
  const text = textSummary(report);

  it('are those of the project, at each place that names the judged container', () => {
    assert.match(text, /^ {2}\+ +\d+\.\d{3} s {2}alpha is ready$/m);
    assert.ok(report.alerts.some(({ message }) => message === 'Recovery successful in 40.0 s: alpha ready again'));
    assert.ok(report.not_tested.includes('more than one host, or more than one replica of alpha'));
    assert.ok(report.warnings.some((warning) => /^alpha was ready for only \d+/.test(warning)));
    assert.equal(report.recovery_of, 'alpha');
  });

  for (const [format, shown] of Object.entries({
    text,
    json: JSON.stringify({ ...report, config: null }),
    markdown: markdownSummary(report),
    junit: junitXml(report),
    page: withoutCode(renderPage(judgement)),
  }))
    it(`${format} does not mention a server`, () => {
      assert.ok(shown.length > 500, `${shown.length} characters`);
      // The control run has the word in its name.
      const words = [...shown.replaceAll('server-down', '').matchAll(/.{0,40}\bservers?\b.{0,40}/gi)];
      assert.deepEqual(
        words.map(([found]) => found),
        [],
      );
    });
});
