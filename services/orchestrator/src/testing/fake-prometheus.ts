/** Fake Prometheus: the part of its API that returns alert rules and firings. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

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

/** An alert series, and the times (epoch seconds) of the evaluations that found it firing. */
export interface FiringSeries {
  metric: Record<string, string>;
  seconds: number[];
}

export class FakePrometheus {
  readonly queries: { seconds: number; time: number }[] = [];
  readonly #series: readonly FiringSeries[];
  readonly #http: Server;

  private constructor(series: readonly FiringSeries[]) {
    this.#series = series;
    this.#http = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(pathname.endsWith('/rules') ? rules : this.#matrix(searchParams)));
    });
  }

  static async start(series: readonly FiringSeries[]): Promise<FakePrometheus> {
    const prometheus = new FakePrometheus(series);
    await new Promise<void>((resolve) => prometheus.#http.listen(0, '127.0.0.1', resolve));
    return prometheus;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #matrix(parameters: URLSearchParams): unknown {
    const seconds = Number(/^ALERTS\{alertstate="firing"\}\[(\d+)s\]$/.exec(parameters.get('query') ?? '')?.[1]);
    const time = Number(parameters.get('time'));
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
