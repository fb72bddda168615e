/**
 * Reads which Prometheus alerts fired during a run, as events for its history: the verdict then
 * needs no Prometheus. The annotations `fires_under` and `may_fire_under` of the rules declare
 * which faults raise an alert.
 *
 *   GET /api/v1/rules?type=alert                        names, annotations, evaluation interval
 *   GET /api/v1/query?query=ALERTS{...}[3600s]&time=T   the hour's evaluations with a firing alert
 */
import { type EventOf, faultKinds } from '@encore/contracts';
import { type CallOptions, callJson, canonicalJson, EncoreError } from '@encore/kit';
import { z } from 'zod';

export type AlertEvent = EventOf<'alerts_queried'> | EventOf<'alert_fired'>;

export interface AlertHistoryQuery {
  url: string;
  fromAt: number;
  toAt: number;
  signal?: AbortSignal;
}

const chunkMs = 3_600_000;
const timeoutMs = 10_000;
/** More than a day of faults can cause. */
const maxFirings = 10_000;
/** Consecutive missing evaluations that do not end a firing. */
const maxMissedEvaluations = 2;

const rulesSchema = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        interval: z.number(),
        rules: z.array(z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) })),
      }),
    ),
  }),
});
const matrixSchema = z.object({
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

/** Throws TOO_MANY_ALERTS, or the error of the HTTP call if Prometheus does not respond. */
export async function readAlertHistory({ url, fromAt, toAt, signal }: AlertHistoryQuery): Promise<AlertEvent[]> {
  const call: CallOptions = { timeoutMs, ...(signal ? { signal } : {}) };
  const { data } = await callJson(`${url}/api/v1/rules?type=alert`, rulesSchema, call);
  const alerts = new Map<string, { name: string; firesUnder: string[]; mayFireUnder: string[] }>();
  for (const { name, annotations } of data.groups.flatMap(({ rules }) => rules)) {
    const { fires_under: fires, may_fire_under: may } = annotations;
    alerts.set(name, { name, firesUnder: faultsIn(fires), mayFireUnder: faultsIn(may) });
  }
  const gapMs = (maxMissedEvaluations + 1) * 1_000 * Math.max(1, ...data.groups.map(({ interval }) => interval));
  const firings = new Firings(gapMs, toAt);
  for (let from = fromAt; from < toAt; from += chunkMs) {
    const to = Math.min(toAt, from + chunkMs);
    const query = `ALERTS{alertstate="firing"}[${Math.ceil((to - from) / 1_000)}s]`;
    const parameters = new URLSearchParams({ query, time: String(to / 1_000) });
    const response = await callJson(`${url}/api/v1/query?${parameters}`, matrixSchema, call);
    for (const { metric, values } of response.data.result) firings.add(metric, values);
  }
  return [{ type: 'alerts_queried', at: toAt, fromAt, toAt, alerts: [...alerts.values()] }, ...firings.events];
}

/** Merges consecutive evaluations into firings. */
class Firings {
  readonly events: EventOf<'alert_fired'>[] = [];
  readonly #last = new Map<string, EventOf<'alert_fired'>>();
  readonly #gapMs: number;
  readonly #queriedAt: number;

  constructor(gapMs: number, queriedAt: number) {
    this.#gapMs = gapMs;
    this.#queriedAt = queriedAt;
  }

  add(metric: Record<string, string>, values: [seconds: number, value: string][]): void {
    const { alertname: alert = '' } = metric;
    const series = canonicalJson(metric);
    for (const [seconds] of values) {
      const at = seconds * 1_000;
      const last = this.#last.get(series);
      if (last !== undefined && at - last.toAt <= this.#gapMs) last.toAt = Math.max(last.toAt, at);
      else this.#begin(series, alert, at);
    }
  }

  #begin(series: string, alert: string, at: number): void {
    if (this.events.length >= maxFirings)
      throw new EncoreError(
        'TOO_MANY_ALERTS',
        `Prometheus returned more than ${maxFirings} alert firings; find the alert that flaps`,
      );
    const firing = { type: 'alert_fired' as const, at: this.#queriedAt, alert, fromAt: at, toAt: at };
    this.#last.set(series, firing);
    this.events.push(firing);
  }
}

/** Parses a list such as `crash, outage on server`; ignores `none` and unknown kinds. */
function faultsIn(list = ''): string[] {
  const known: readonly string[] = faultKinds;
  const faults = list.split(',').map((name) => name.trim());
  return [...new Set(faults)].filter((fault) => known.includes(fault.split(' on ')[0] ?? ''));
}
