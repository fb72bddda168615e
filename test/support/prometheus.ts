/** A small client for Prometheus' HTTP API. */
import assert from 'node:assert/strict';

export interface Range {
  fromMs: number;
  toMs: number;
}
export interface Samples {
  labels: Record<string, string>;
  /** Times in epoch milliseconds; values that are not numbers are left out. */
  points: { at: number; value: number }[];
}
interface Answer<Data> {
  status: string;
  error?: string;
  data: Data;
}

const stepSeconds = 5;
const timeoutMs = 20_000;

export class Prometheus {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Runs a range query with the step of a Grafana panel: 5 s. */
  async range(query: string, { fromMs, toMs }: Range): Promise<Samples[]> {
    const seconds = { start: String(fromMs / 1_000), end: String(toMs / 1_000), step: String(stepSeconds) };
    interface Matrix {
      result: { metric: Record<string, string>; values: [number, string][] }[];
    }
    const { result } = await this.#get<Matrix>('query_range', { query, ...seconds });
    return result.map(({ metric, values }) => ({
      labels: metric,
      points: values
        .map(([at, value]) => ({ at: at * 1_000, value: Number(value) }))
        .filter(({ value }) => !Number.isNaN(value)),
    }));
  }

  rules(): Promise<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }> {
    return this.#get('rules', {});
  }

  targets(): Promise<{ activeTargets: { labels: Record<string, string>; health: string; lastError: string }[] }> {
    return this.#get('targets', {});
  }

  async #get<Data>(path: string, parameters: Record<string, string>): Promise<Data> {
    const body = new URLSearchParams(parameters);
    const url = `${this.#url}/api/v1/${path}?${body}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const answer = (await response.json()) as Answer<Data>;
    assert.equal(answer.status, 'success', `${parameters['query'] ?? path}: ${answer.error}`);
    return answer.data;
  }
}
