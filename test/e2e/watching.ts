/**
 * Asserts that a run was monitored: every query of every panel, annotation and rule runs on the
 * real Prometheus over the time of the run, must be valid and return data, and each alert must have
 * been in its expected state.
 */
import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { bundledDashboards } from '../support/all-dashboards.ts';
import { Prometheus, type Range, type Samples } from '../support/prometheus.ts';
import { expectedStates, namesFault, readRules } from '../support/rules.ts';
import { effectOf } from './moved.ts';
import { assertMetricsExist, assertShown, panelQueries, valuesOf } from './shown.ts';

/** Rules are evaluated every 5 s, after the scrape that they need. */
const evaluationMs = 10_000;
const memoryLimitBytes = 300 * 1_048_576;

export async function assertWatched(prometheusUrl: string, range: Range, report: Report): Promise<void> {
  const prometheus = new Prometheus(prometheusUrl);
  await assertScraped(prometheus);
  await assertRulesRun(prometheus);
  const asked = panelQueries(bundledDashboards, (range.toMs - range.fromMs) / 1_000);
  const records = readRules().flatMap(({ record }) =>
    record === undefined ? [] : [{ where: record, exprs: [record], needed: 1 }],
  );
  await assertShown(prometheus, [...asked, ...records], range);
  const exprs = [...asked.flatMap(({ exprs }) => exprs), ...readRules().map(({ expr }) => expr)];
  await assertMetricsExist(prometheus, exprs, range);
  const firing = await prometheus.range('max by (alertname) (ALERTS{alertstate="firing"})', range);
  await assertAlerts(prometheus, range, firing);
  assertRaised(firing, report);
  await assertReadBackSeen(prometheus);
  const memory = await prometheus.range('process_resident_memory_bytes{job="prometheus"}', range);
  const peakBytes = Math.max(...valuesOf(memory));
  assert.ok(peakBytes < memoryLimitBytes, `Prometheus took ${peakBytes} bytes`);
}

/**
 * The orchestrator is up only during a run. The run ends with a forced restart of the server, which
 * may have been the last scrape: the next one comes within 5 s.
 */
async function assertScraped(prometheus: Prometheus): Promise<void> {
  await waitUntil(
    'every program to be scraped',
    async () => {
      const { activeTargets } = await prometheus.targets();
      assert.ok(activeTargets.length >= 7, `${activeTargets.length} targets`);
      for (const { labels, health, lastError } of activeTargets)
        if (labels['job'] !== 'orchestrator') assert.equal(health, 'up', `${labels['job']}: ${lastError}`);
      return true;
    },
    { timeoutMs: 20_000, everyMs: 500 },
  );
}

async function assertRulesRun(prometheus: Prometheus): Promise<void> {
  const { groups } = await prometheus.rules();
  const loaded = groups.flatMap(({ rules }) => rules);
  assert.equal(loaded.length, readRules().length);
  for (const { name, health, lastError } of loaded) assert.equal(health, 'ok', `${name}: ${lastError}`);
}

/** A slow machine raises this alert whatever the fault; the verdict judges it. */
const machineAlert = 'GeneratorSaturated';

/**
 * Asserts that alerts that must fire under an injected fault did, and that unexpected ones did not.
 */
async function assertAlerts(prometheus: Prometheus, range: Range, firing: readonly Samples[]): Promise<void> {
  const injected = await injectedIn(prometheus, range);
  const fired = new Set(firing.map(({ labels }) => labels['alertname']));
  for (const rule of readRules()) {
    const { alert } = rule;
    const states = expectedStates(rule);
    if (alert === undefined || alert === machineAlert || states === null) continue;
    const must = injected.filter((fault) => namesFault(states.fires, fault)).map(faultText);
    const may = injected.filter((fault) => namesFault(states.may, fault));
    assert.ok(must.length === 0 || fired.has(alert), `${alert} did not fire under ${must.join(', ')}`);
    assert.ok(
      must.length + may.length > 0 || !fired.has(alert),
      `${alert} fired, although none of ${injected.map(faultText).join(', ')} raises it`,
    );
  }
}

/** Asserts it per fault: each one raised the alerts that it must raise. */
function assertRaised(firing: readonly Samples[], { faults }: Report): void {
  for (const rule of readRules())
    for (const fault of faults) {
      if (fault.effect !== 'confirmed' || !namesFault(expectedStates(rule)?.fires ?? [], fault)) continue;
      const { fromMs, toMs } = effectOf(fault);
      const times = firing.filter(({ labels }) => labels['alertname'] === rule.alert).flatMap(({ points }) => points);
      const raised = times.some(({ at }) => at >= fromMs && at <= toMs + evaluationMs);
      assert.ok(raised, `${rule.alert} did not fire under ${faultText(fault)} at ${fault.injected_at}`);
    }
}

interface InjectedFault {
  kind: string;
  target: string;
}
const faultText = ({ kind, target }: InjectedFault): string => `${kind} on ${target}`;

async function injectedIn(prometheus: Prometheus, range: Range): Promise<InjectedFault[]> {
  const counts = await prometheus.range('sum by (kind, target) (chaos_faults_injected_total)', range);
  const rose = counts.filter(({ points }) => (points.at(-1)?.value ?? 0) > (points[0]?.value ?? 0));
  assert.ok(rose.length > 0, 'no fault of the run was counted');
  return rose.map(({ labels }) => ({ kind: labels['kind'] ?? '', target: labels['target'] ?? '' }));
}

/**
 * The last figures of a run arrive after its end; without them a lost write would raise no alert.
 */
async function assertReadBackSeen(prometheus: Prometheus): Promise<void> {
  const seen = async (): Promise<boolean> => {
    const now = { fromMs: Date.now() - 5_000, toMs: Date.now() };
    return valuesOf(await prometheus.range('loadgen_read_back_objects_total', now)).some((value) => value > 0);
  };
  await waitUntil('the final read-back in Prometheus', seen, { timeoutMs: 15_000, everyMs: 500 });
}
