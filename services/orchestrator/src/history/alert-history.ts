/**
 * What Prometheus' alerts did while a run went on, as events of its history: so the verdict's files say whether monitoring saw a
 * fault, and nobody has to ask a Prometheus that may be gone by then. Which kinds of fault raise an alert, the rules say
 * themselves, in their annotations `fires_under` and `may_fire_under`.
 *
 *   GET /api/v1/rules?type=alert                        names, annotations, seconds between two evaluations
 *   GET /api/v1/query?query=ALERTS{...}[3600s]&time=T   each evaluation of that hour that found an alert firing
 */
import { type EventOf, type FaultKind, faultKinds } from '@encore/contracts';
import { type CallOptions, callJson, canonicalJson, EncoreError } from '@encore/kit';
import { z } from 'zod';

export type AlertEvent = EventOf<'alerts_asked'> | EventOf<'alert_fired'>;

export interface AlertsQuestion {
  url: string;
  fromAt: number;
  toAt: number;
  signal?: AbortSignal;
}

const chunkMs = 3_600_000;
const timeoutMs = 10_000;
/** More than a day of faults gives; whatever flaps more than this is no news. */
const maxFirings = 10_000;
/** Evaluations in a row that may be missed without an end of the firing. */
const missed = 2;

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

export async function readAlertHistory({ url, fromAt, toAt, signal }: AlertsQuestion): Promise<AlertEvent[]> {
  const call: CallOptions = { timeoutMs, ...(signal ? { signal } : {}) };
  const { data } = await callJson(`${url}/api/v1/rules?type=alert`, rulesSchema, call);
  const alerts = new Map<string, { name: string; firesUnder: FaultKind[]; mayFireUnder: FaultKind[] }>();
  for (const { name, annotations } of data.groups.flatMap(({ rules }) => rules)) {
    const { fires_under: fires, may_fire_under: may } = annotations;
    alerts.set(name, { name, firesUnder: kindsIn(fires), mayFireUnder: kindsIn(may) });
  }
  const gapMs = (missed + 1) * 1_000 * Math.max(1, ...data.groups.map(({ interval }) => interval));
  const firings = new Firings(gapMs, toAt);
  for (let from = fromAt; from < toAt; from += chunkMs) {
    const to = Math.min(toAt, from + chunkMs);
    const query = `ALERTS{alertstate="firing"}[${Math.ceil((to - from) / 1_000)}s]`;
    const asked = new URLSearchParams({ query, time: String(to / 1_000) });
    const answer = await callJson(`${url}/api/v1/query?${asked}`, matrixSchema, call);
    for (const { metric, values } of answer.data.result) firings.add(metric, values);
  }
  return [{ type: 'alerts_asked', at: toAt, fromAt, toAt, alerts: [...alerts.values()] }, ...firings.events];
}

/** Evaluations that follow each other are one firing. */
class Firings {
  readonly events: EventOf<'alert_fired'>[] = [];
  readonly #last = new Map<string, EventOf<'alert_fired'>>();
  readonly #gapMs: number;
  readonly #askedAt: number;

  constructor(gapMs: number, askedAt: number) {
    this.#gapMs = gapMs;
    this.#askedAt = askedAt;
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
      throw new EncoreError('TOO_MANY_ALERTS', `Prometheus tells of more than ${maxFirings} firings`);
    const firing = { type: 'alert_fired' as const, at: this.#askedAt, alert, fromAt: at, toAt: at };
    this.#last.set(series, firing);
    this.events.push(firing);
  }
}

/** `crash, outage`; `none` and words that are no kind give nothing. */
function kindsIn(list = ''): FaultKind[] {
  const words = new Set(list.split(',').map((word) => word.trim()));
  return faultKinds.filter((kind) => words.has(kind));
}
