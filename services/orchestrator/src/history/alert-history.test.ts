import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { readAlertHistory } from './alert-history.ts';

/** A Prometheus that evaluates every 5 s and knows these seconds in which each series fired. */
class FakePrometheus {
  readonly queries: { seconds: number; time: number }[] = [];
  readonly #series: { metric: Record<string, string>; seconds: number[] }[];
  #http: Server | null = null;

  constructor(series: { metric: Record<string, string>; seconds: number[] }[]) {
    this.#series = series;
  }

  async start(): Promise<string> {
    const http = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(pathname.endsWith('/rules') ? rules : this.#matrix(searchParams)));
    });
    this.#http = http;
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#http?.close();
  }

  #matrix(asked: URLSearchParams): unknown {
    const seconds = Number(/^ALERTS\{alertstate="firing"\}\[(\d+)s\]$/.exec(asked.get('query') ?? '')?.[1]);
    const time = Number(asked.get('time'));
    this.queries.push({ seconds, time });
    const result = this.#series
      .map(({ metric, seconds: all }) => ({
        metric: { __name__: 'ALERTS', ...metric },
        values: all.filter((at) => at > time - seconds && at <= time).map((at) => [at, '1']),
      }))
      .filter(({ values }) => values.length > 0);
    return { status: 'success', data: { resultType: 'matrix', result } };
  }
}

const rules = {
  status: 'success',
  data: {
    groups: [
      {
        interval: 5,
        rules: [
          {
            name: 'ServerRestarted',
            annotations: { fires_under: 'crash,  outage', may_fire_under: 'memory-cap, no-such' },
          },
          { name: 'LostWrites', annotations: { fires_under: 'none', may_fire_under: 'none' } },
          { name: 'Foreign' },
        ],
      },
    ],
  },
};
const every5 = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / 5 + 1 }, (_, index) => from + index * 5);

describe('alert history', () => {
  let prometheus: FakePrometheus;
  afterEach(() => prometheus.stop());

  async function read(
    series: { metric: Record<string, string>; seconds: number[] }[],
    fromSecond: number,
    toSecond: number,
  ): ReturnType<typeof readAlertHistory> {
    prometheus = new FakePrometheus(series);
    return readAlertHistory({ url: await prometheus.start(), fromAt: fromSecond * 1_000, toAt: toSecond * 1_000 });
  }

  it('takes from the rules which kinds raise which alert', async () => {
    const [asked] = await read([], 1_000, 2_000);
    assert.ok(asked?.type === 'alerts_asked');
    assert.deepEqual(asked.alerts, [
      { name: 'ServerRestarted', firesUnder: ['crash', 'outage'], mayFireUnder: ['memory-cap'] },
      { name: 'LostWrites', firesUnder: [], mayFireUnder: [] },
      { name: 'Foreign', firesUnder: [], mayFireUnder: [] },
    ]);
  });

  it('makes one firing of evaluations in a row, also over a missed one and over the hour between two questions', async () => {
    const seconds = [...every5(5_000, 5_100), ...every5(5_110, 5_200), ...every5(9_000, 9_010)];
    const [, ...firings] = await read([{ metric: { alertname: 'A' }, seconds }], 1_500, 10_000);
    assert.deepEqual(
      firings.map((event) => event.type === 'alert_fired' && [event.alert, event.fromAt, event.toAt]),
      [
        ['A', 5_000_000, 5_200_000],
        ['A', 9_000_000, 9_010_000],
      ],
    );
    assert.deepEqual(prometheus.queries, [
      { seconds: 3_600, time: 5_100 },
      { seconds: 3_600, time: 8_700 },
      { seconds: 1_300, time: 10_000 },
    ]);
  });

  it('keeps series of one alert apart, and leaves out what was before the run', async () => {
    const [, ...firings] = await read(
      [
        { metric: { alertname: 'A', breaker: 'x' }, seconds: every5(900, 1_005) },
        { metric: { alertname: 'A', breaker: 'y' }, seconds: every5(1_010, 1_020) },
      ],
      1_000,
      1_100,
    );
    assert.deepEqual(
      firings.map((event) => event.type === 'alert_fired' && event.fromAt),
      [1_005_000, 1_010_000],
    );
  });

  it('is not made up where nobody answers', async () => {
    prometheus = new FakePrometheus([]);
    const url = await prometheus.start();
    prometheus.stop();
    await assert.rejects(readAlertHistory({ url, fromAt: 0, toAt: 1_000 }), { code: 'UNREACHABLE' });
  });
});
