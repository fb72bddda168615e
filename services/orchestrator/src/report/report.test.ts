import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncoreEvent, reportSchema } from '@encore/contracts';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { crash, judgedKills, judgeStreams, outage } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { junitXml } from './junit.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';
import { textSummary } from './text-summary.ts';
import { writeReports } from './write-reports.ts';

/** The page with normal spaces, for comparison with the other formats. */
const pageText = (judgement: Parameters<typeof renderPage>[0]): string =>
  renderPage(judgement).replaceAll('\u00a0', ' ');

describe('every format', () => {
  it('shows the capacity and its tool, and the samples', async () => {
    const at = new SimulatedRun().at(-9);
    const latencyMs = { p50: 5, p90: 8, p99: 12.25, max: 20 };
    const counts = { seconds: 3, connections: 20, requestsPerSecond: 1_812.6, answered: 5_438, refused: 7, lost: 1 };
    const wrong = { lost: 0, corrupt: 0, duplicate: 0, phantom: 0, unknownPresent: 0, unknownAbsent: 0 };
    const judgement = await judgedKills({
      extra: [
        { type: 'capacity_measured', at, tool: 'autocannon 9.0.0', ...counts, latencyMs },
        { type: 'read_back_done', at: at + 20_000, final: false, acknowledged: 50, readBack: 50, ...wrong },
      ],
    });
    const capacity =
      '1,813 requests/s without faults and users, 7 refused and 1 lost, p99 12.3 ms (autocannon 9.0.0, 20 connections, 3.0s)';
    const text = textSummary(judgement.report);
    assert.ok(text.includes(`\nCapacity: ${capacity}; not part of any other figure\n`), text);
    assert.match(
      text,
      /^Lost Writes: 0 of 200 acknowledged; also sampled in fault-free windows: 50 objects in 1 sample$/m,
    );
    const page = renderPage(judgement);
    assert.ok(page.includes(capacity) && page.includes('50 objects in 1 sample'));
    assert.ok(markdownSummary(judgement.report).includes(`Capacity: ${capacity}.`));
    const { report: without } = await judgedKills();
    assert.doesNotMatch(textSummary(without), /Capacity|sample/);
  });

  it('shows skipped operations, and the success rate with them', async () => {
    const analyze = { ok: 0, failed: 0, unknown: 0, cancelled: 0, skipped: 1_100 };
    const nothing = { attempts: {}, responseMs: null, bytesSent: 0, bytesReceived: 0 };
    const at = new SimulatedRun().at(60.5);
    const extra: EncoreEvent[] = [{ type: 'load_second', at, users: 20, operations: { analyze }, ...nothing }];
    const judgement = await judgedKills({ extra });
    const text = textSummary(judgement.report);
    const skipped =
      /^Skipped Operations: (1,100 \(success rate of operations 8\d\.\d\d % if they count as failures\))$/m.exec(
        text,
      )?.[1];
    assert.ok(skipped, text);
    const page = pageText(judgement);
    assert.ok(page.includes(`; skipped: ${skipped}`), 'under the success rate');
    assert.match(page, />Skipped</);
    const markdown = markdownSummary(judgement.report);
    assert.match(markdown, /\| Unknown \| Skipped \|/);
    assert.match(markdown, /\| analyze \| [\d,]+ \| \d+ \| \d+ \| 1,100 \|/);
    for (const form of [text, page, markdown]) assert.match(form, /users skipped 1,100 operations/);
  });

  it('counts planned faults that ran, were skipped or dropped, with reasons', async () => {
    const pressure = plannedFault(3, {
      kind: 'memory-pressure',
      target: 'server',
      atSeconds: 120,
      effect: 'unsupported',
    });
    const run = new SimulatedRun({ faults: [crash, outage, pressure] });
    const dropped = [
      { rule: 'network', count: 2, reason: 'no free time between other faults and their recoveries' },
      { rule: 'network', count: 1, reason: 'less than 30 % of the steady load would be free of faults' },
    ];
    const judgement = await judgeStreams({
      history: run.history(),
      plan: { ...run.plan, dropped },
      ledger: run.ledger(),
    });
    assert.deepEqual(judgement.report.planned_faults, {
      planned: 3,
      ran: 2,
      skipped: [{ reason: 'no writable cgroup', count: 1 }],
      dropped,
    });
    const planned =
      '2 of 3 ran, 1 skipped (1: no writable cgroup); 3 more faults did not fit into the plan (2 from rule network: no free time between other faults and their recoveries; 1 from rule network: less than 30 % of the steady load would be free of faults)';
    assert.ok(textSummary(judgement.report).includes(`\nPlanned Faults: ${planned}\n`), textSummary(judgement.report));
    assert.ok(markdownSummary(judgement.report).includes(`Planned: ${planned}.`));
    assert.ok(pageText(judgement).includes(`Planned faults: ${planned}.`));
  });

  it('shows plan warnings and the estimated best success rate', async () => {
    const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7, killIntervalMinutes: 60 };
    const pressure = plannedFault(1, { kind: 'memory-pressure', target: 'server', atSeconds: 60 });
    const judgement = await judgedKills({ faults: [pressure], config });
    const { warnings, thresholds } = judgement.report;
    const planWarning = warnings.find((warning) => warning.startsWith('no kill is planned: with --kill-interval 60 '));
    assert.ok(planWarning, warnings.join('\n'));
    const best = 'about 99.00 % expected of a system without weaknesses';
    assert.equal(thresholds.find(({ name }) => name === 'success_rate')?.note, best);
    assert.ok(textSummary(judgement.report).includes(planWarning));
    for (const text of [markdownSummary(judgement.report), pageText(judgement)])
      assert.ok(text.includes(planWarning) && text.includes(best), text);
    const calm = await judgedKills({ faults: [], config });
    assert.equal(calm.report.thresholds.find(({ name }) => name === 'success_rate')?.note, undefined);
  });

  it('marks a recovery over the limit as too late', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 4, thresholds: {} };
    const judgement = await judgedKills({ faults: [outage], config });
    const { report } = judgement;
    const text = textSummary(report);
    assert.match(text, /^Total Recoveries: 1 \(of 1 fault; 1 of 1 kill\), 1 too late \(4\.3 s, limit 4 s\)$/m);
    assert.match(text, /\(f0002\), recovered by supervisor in 4\.\d\d s, too late \(limit 4 s\)$/m);
    assert.match(text, /first correct response: recovered, too late/);
    const markdown = markdownSummary(report);
    assert.match(markdown, /\| 4\.\d\d s; 1 too late \(4\.3 s, limit 4 s\) \|/);
    assert.match(markdown, /\| supervisor \| 4\.\d\d s, too late \(limit 4 s\) \|/);
    const page = renderPage(judgement);
    assert.match(page, /1 of them a kill, recovered, 1 too late \(4\.3 s, limit 4 s\)/);
    assert.match(page, /p95 4\.\d\d s; 1 too late \(4\.3 s, limit 4 s\)/);
    assert.match(page, /<b class="bad">4\.\d\d s<\/b> too late/);
    assert.match(
      junitXml(report),
      /outage of server" time="4\.\d+">\n +<failure message="recovered in 4\.\d\d s, too late/,
    );
    const { report: fine } = await judgedKills({ faults: [outage] });
    assert.doesNotMatch(textSummary(fine) + markdownSummary(fine) + junitXml(fine), /too late/);
  });

  it('names a control run before its verdict', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: {}, control: 'server-down' };
    const judgement = await judgedKills({ config });
    const expected =
      'This was the control run server-down: the system is kept down on purpose, so the verdict must be FAILED.';
    const text = textSummary(judgement.report);
    assert.ok(text.indexOf(expected) > 0 && text.indexOf(expected) < text.indexOf('Result:'), text);
    assert.ok(markdownSummary(judgement.report).includes(`\n${expected}\n`));
    assert.ok(renderPage(judgement).includes(`<p>${expected}</p>`));
    assert.doesNotMatch(textSummary((await judgedKills()).report), /control run/);
  });
});

describe('reports for CI', () => {
  it('JUnit: reports a broken rule as a failure, one without data as an error', async () => {
    const failed = junitXml((await judgedKills({ lost: 1 })).report);
    assert.match(
      failed,
      /<testcase classname="encore\.rules" name="lost_writes: count==0" time="0">\n\s+<failure message="lost_writes: 1 /,
    );
    assert.match(failed, /<testsuites [^>]*failures="2" errors="0"/, 'the rule and the verdict');
    const silent = junitXml(
      (
        await judgedKills({}, (event) =>
          event.type === 'hygiene_checked' ? { type: 'stop_requested', at: event.at, reason: 'x' } : event,
        )
      ).report,
    );
    assert.match(silent, /<error message="not enough data: leaks: – /);
  });

  it('Markdown: shows the verdict first and escapes text from a run', async () => {
    const { report } = await judgedKills();
    const text = markdownSummary({ ...report, reasons: ['a | b <script>'] });
    assert.match(text, /^# ✅ Encore: PASSED\n/);
    assert.ok(text.includes('a \\| b \\<script\\>'));
  });
});

describe('writeReports', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes every format, with JSON that matches its schema', async () => {
    const judgement = await judgedKills();
    const inner = join(folder, 'production_test_20261123_100000');
    await writeReports(judgement, inner, `${inner}.json`);
    assert.deepEqual((await readdir(inner)).sort(), ['junit.xml', 'report.html', 'summary.md']);
    const report = JSON.parse(await readFile(`${inner}.json`, 'utf8'));
    assert.deepEqual(reportSchema.parse(report), judgement.report);
  });
});
