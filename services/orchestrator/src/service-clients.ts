/** Clients of the lab's services: one method per request, each with a timeout. */
import {
  type CapacityResult,
  type CapacityTestRequest,
  capacityResultSchema,
  type EngineInfo,
  type EventPage,
  engineInfoSchema,
  eventPageSchema,
  type LoadRunRequest,
  type LoadStatus,
  loadStatusSchema,
  type Plan,
  type RevertAnswer,
  revertAnswerSchema,
  startTimeoutMs,
  stopTimeoutMs,
  type Target,
  type TargetState,
  targetStateSchema,
} from '@encore/contracts';
import { type CallOptions, callJson, callText, readApiToken } from '@encore/kit';
import { z } from 'zod';

export interface ServiceUrls {
  chaosUrl: string;
  /** The file with the API token of the chaos service; unset: no token. */
  tokenFile?: string | undefined;
  loadgenUrl: string;
}

interface Call {
  signal?: AbortSignal | undefined;
  /** Default: 5 s. */
  timeoutMs?: number;
}

type Method = NonNullable<CallOptions['method']>;

export const runLeaseTtlMs = 10_000;
/** For responses whose body is ignored. */
const anything = z.unknown();
const readySchema = z.object({ ready: z.boolean() });
const liveSchema = z.object({ now: z.number() });

export class ServiceClients {
  readonly urls: ServiceUrls;

  constructor(urls: ServiceUrls) {
    this.urls = urls;
  }

  /** The events after number `after` of this instance of a service. */
  events(service: 'chaos' | 'loadgen', instanceId: string, after: number, call: Call = {}): Promise<EventPage> {
    const path = `/events?instance=${instanceId}&after=${after}`;
    return service === 'chaos'
      ? this.#chaos('GET', path, eventPageSchema, call)
      : this.#loadgen('GET', path, eventPageSchema, call);
  }

  // ---- chaos ----
  /** Also reverts what an earlier run left, on every target. */
  takeRunLease(runId: string, call: Call = {}): Promise<unknown> {
    const body = { runId, ttlMs: runLeaseTtlMs };
    return this.#chaos('POST', '/run', anything, { timeoutMs: 60_000, ...call }, body);
  }

  renewRunLease(runId: string, call: Call = {}): Promise<unknown> {
    return this.#chaos('PUT', `/run/${runId}`, anything, call, {});
  }

  /** Also reverts all active faults of the run. */
  endRunLease(runId: string, call: Call = {}): Promise<unknown> {
    return this.#chaos('DELETE', `/run/${runId}`, anything, { timeoutMs: 20_000, ...call });
  }

  engine(call: Call = {}): Promise<EngineInfo> {
    return this.#chaos('GET', '/engine', engineInfoSchema, call);
  }

  targets(call: Call = {}): Promise<TargetState[]> {
    return this.#chaos('GET', '/targets', z.array(targetStateSchema), call);
  }

  startTarget(
    target: Target,
    action: 'start' | 'restart',
    request: { runId: string; reason: string },
    call: Call = {},
  ): Promise<unknown> {
    const path = `/targets/${encodeURIComponent(target)}/${action}`;
    return this.#chaos('POST', path, anything, { timeoutMs: 30_000, ...call }, { ...request, actor: 'supervisor' });
  }

  revert(call: Call = {}): Promise<RevertAnswer> {
    return this.#chaos('POST', '/revert', revertAnswerSchema, { timeoutMs: 60_000, ...call }, {});
  }

  checkHygiene(call: Call = {}): Promise<unknown> {
    return this.#chaos('POST', '/hygiene', anything, { timeoutMs: 30_000, ...call }, {});
  }

  logNames(call: Call = {}): Promise<string[]> {
    return this.#chaos('GET', '/logs', z.array(z.string()), call);
  }

  /** The end of a service's log, from `sinceMs` on. */
  log(service: string, sinceMs: number, call: Call = {}): Promise<string> {
    const path = `/logs/${service}?since=${Math.floor(sinceMs)}`;
    return this.#chaos('GET', path, z.string(), { timeoutMs: 30_000, ...call });
  }

  startChaos(runId: string, plan: Plan, steadyStartsAt: number, call: Call = {}): Promise<unknown> {
    return this.#chaos('POST', '/schedule', anything, call, { runId, plan, steadyStartsAt });
  }

  stopChaos(call: Call = {}): Promise<unknown> {
    return this.#chaos('DELETE', '/schedule', anything, { timeoutMs: 60_000, ...call });
  }

  // ---- load generator ----
  startLoad(request: LoadRunRequest, call: Call = {}): Promise<unknown> {
    return this.#loadgen('POST', '/run', anything, { timeoutMs: startTimeoutMs, ...call }, request);
  }

  renewLoadLease(runId: string, call: Call = {}): Promise<unknown> {
    return this.#loadgen('PUT', `/run/${runId}`, anything, call, {});
  }

  stopLoad(call: Call = {}): Promise<unknown> {
    return this.#loadgen('POST', '/stop', anything, { timeoutMs: stopTimeoutMs, ...call }, {});
  }

  /** Resolves when the capacity test is over. */
  measureCapacity(test: CapacityTestRequest, call: Call): Promise<CapacityResult> {
    return this.#loadgen('POST', '/capacity-test', capacityResultSchema, call, test);
  }

  /** Names the run, because a restarted load generator has forgotten it. */
  readBack(runId: string, final: boolean, call: Call = {}): Promise<unknown> {
    return this.#loadgen('POST', '/read-back', anything, call, { runId, final });
  }

  loadStatus(call: Call = {}): Promise<LoadStatus> {
    return this.#loadgen('GET', '/status', loadStatusSchema, call);
  }

  // ---- any service ----
  async isReady(url: string, call: Call = {}): Promise<boolean> {
    return (await callJson(`${url}/ready`, readySchema, options({ timeoutMs: 2_000, ...call }))).ready;
  }

  /** The service's own time in epoch ms. */
  async timeOf(url: string, call: Call = {}): Promise<number> {
    return (await callJson(`${url}/live`, liveSchema, options({ timeoutMs: 2_000, ...call }))).now;
  }

  /** The service's metrics in Prometheus text format. */
  metricsOf(url: string, call: Call = {}): Promise<string> {
    return callText(`${url}/metrics`, options({ timeoutMs: 2_000, ...call }));
  }

  /** Throws if one has an error status, such as 503 of a server that is not ready. */
  async allAnswerOk(urls: readonly string[], call: Call = {}): Promise<true> {
    await Promise.all(urls.map((url) => callText(url, options({ timeoutMs: 2_000, ...call }))));
    return true;
  }

  async #chaos<Schema extends z.ZodType>(method: Method, path: string, schema: Schema, call: Call, body?: unknown) {
    const { chaosUrl, tokenFile } = this.urls;
    // Read for each call: a recreated service has another token.
    const token = tokenFile === undefined ? undefined : readApiToken(tokenFile);
    return await callJson(`${chaosUrl}${path}`, schema, { ...options(call), method, body, token });
  }

  #loadgen<Schema extends z.ZodType>(method: Method, path: string, schema: Schema, call: Call, body?: unknown) {
    return callJson(`${this.urls.loadgenUrl}${path}`, schema, { ...options(call), method, body });
  }
}

function options({ signal, timeoutMs = 5_000 }: Call): CallOptions {
  return { timeoutMs, ...(signal ? { signal } : {}) };
}
