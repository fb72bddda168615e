import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakePrometheus, type FiringSeries } from '../testing/fake-prometheus.ts';
import { type AlertEvent, readAlertHistory } from './alert-history.ts';

const every5 = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / 5 + 1 }, (_, index) => from + index * 5);

describe('alert history', () => {
  /** The events of these seconds, and the queries that Prometheus received. */
  async function read(
    series: FiringSeries[],
    fromSecond: number,
    toSecond: number,
  ): Promise<{ events: AlertEvent[]; queries: FakePrometheus['queries'] }> {
    await using prometheus = await FakePrometheus.start(series);
    const { url, queries } = prometheus;
    return { events: await readAlertHistory({ url, fromAt: fromSecond * 1_000, toAt: toSecond * 1_000 }), queries };
  }
  const firingsIn = (events: AlertEvent[]): [string, number, number][] =>
    events.flatMap((event) => (event.type === 'alert_fired' ? [[event.alert, event.fromAt, event.toAt]] : []));

  it('reads the kinds that raise each alert from the rules', async () => {
    const [asked] = (await read([], 1_000, 2_000)).events;
    assert.ok(asked?.type === 'alerts_queried');
    assert.deepEqual(asked.alerts, [
      { name: 'ServerRestarted', firesUnder: ['crash', 'outage'], mayFireUnder: ['memory-cap'] },
      { name: 'LostWrites', firesUnder: [], mayFireUnder: [] },
      { name: 'Foreign', firesUnder: [], mayFireUnder: [] },
    ]);
  });

  it('merges consecutive evaluations into one firing, across a missed one and across queries', async () => {
    const seconds = [...every5(5_000, 5_100), ...every5(5_110, 5_200), ...every5(9_000, 9_010)];
    const { events, queries } = await read([{ metric: { alertname: 'A' }, seconds }], 1_500, 10_000);
    assert.deepEqual(firingsIn(events), [
      ['A', 5_000_000, 5_200_000],
      ['A', 9_000_000, 9_010_000],
    ]);
    assert.deepEqual(queries, [
      { seconds: 3_600, time: 5_100 },
      { seconds: 3_600, time: 8_700 },
      { seconds: 1_300, time: 10_000 },
    ]);
  });

  it('separates the series of an alert, and ignores firings before the run', async () => {
    const series = [
      { metric: { alertname: 'A', breaker: 'x' }, seconds: every5(900, 1_015) },
      { metric: { alertname: 'A', breaker: 'y' }, seconds: every5(1_010, 1_020) },
    ];
    const { events } = await read(series, 1_000, 1_100);
    assert.deepEqual(firingsIn(events), [
      ['A', 1_005_000, 1_015_000],
      ['A', 1_010_000, 1_020_000],
    ]);
  });

  it('throws if Prometheus does not respond', async () => {
    await assert.rejects(readAlertHistory({ url: 'http://127.0.0.1:1', fromAt: 0, toAt: 1_000 }), {
      code: 'UNREACHABLE',
    });
  });
});
