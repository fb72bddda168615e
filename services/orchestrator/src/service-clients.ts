/** Clients of the lab's services: one method per request, each with a timeout. */
import {
  type CapacityResult,
  type CapacityTestRequest,
  capacityResultSchema,
  type EngineInfo,
  engineInfoSchema,
  type LoadRunRequest,
  type LoadStatus,
  loadStatusSchema,
  type Plan,
  type RevertAnswer,
  revertAnswerSchema,
  type Target,
  type TargetState,
  targetStateSchema,
} from '@encore/contracts';
import { type CallOptions, callJson, callText, httpExchange, readApiToken } from '@encore/kit';
import { z } from 'zod';

export interface ServiceUrls {
  chaosUrl: string;
  /** The file with the API token of the chaos service; unset: no token. */
  tokenFile?: string | undefined;
  loadgenUrl: string;
}

interface Call {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

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

  // ---- chaos ----
  /** Read for each call: a recreated service has another token. */
  readonly chaosToken = (): string | undefined =>
    this.urls.tokenFile === undefined ? undefined : readApiToken(this.urls.tokenFile);

  async #chaos<Schema extends z.ZodType>(path: string, schema: Schema, call: CallOptions): Promise<z.infer<Schema>> {
    return await callJson(`${this.urls.chaosUrl}${path}`, schema, { ...call, token: this.chaosToken() });
  }

  takeRunLease(runId: string, call: Call = {}): Promise<unknown> {
    const body = { runId, holder: `orchestrator of run ${runId}`, ttlMs: runLeaseTtlMs };
    return this.#chaos(`/run`, anything, post(body, call));
  }

  renewRunLease(runId: string, call: Call = {}): Promise<unknown> {
    return this.#chaos(`/run/${runId}`, anything, { ...post({}, call), method: 'PUT' });
  }

  /** Also reverts all active faults of the run. */
  endRunLease(runId: string, call: Call = {}): Promise<unknown> {
    return this.#chaos(`/run/${runId}`, anything, { ...get({ timeoutMs: 20_000, ...call }), method: 'DELETE' });
  }

  engine(call: Call = {}): Promise<EngineInfo> {
    return this.#chaos(`/engine`, engineInfoSchema, get(call));
  }

  targets(call: Call = {}): Promise<TargetState[]> {
    return this.#chaos(`/targets`, z.array(targetStateSchema), get(call));
  }

  startTarget(
    target: Target,
    action: 'start' | 'restart',
    request: { runId: string; reason: string },
    call: Call = {},
  ): Promise<unknown> {
    const body = { ...request, actor: 'supervisor' };
    return this.#chaos(
      `/targets/${encodeURIComponent(target)}/${action}`,
      anything,
      post(body, { timeoutMs: 30_000, ...call }),
    );
  }

  revert(call: Call = {}): Promise<RevertAnswer> {
    return this.#chaos(`/revert`, revertAnswerSchema, post({}, { timeoutMs: 60_000, ...call }));
  }

  checkHygiene(call: Call = {}): Promise<unknown> {
    return this.#chaos(`/hygiene`, anything, post({}, { timeoutMs: 30_000, ...call }));
  }

  logNames(call: Call = {}): Promise<string[]> {
    return this.#chaos('/logs', z.array(z.string()), get(call));
  }

  /** The end of a service's log, from `sinceMs` on. */
  log(service: string, sinceMs: number, call: Call = {}): Promise<string> {
    const path = `/logs/${service}?since=${Math.floor(sinceMs)}`;
    return this.#chaos(path, z.string(), get({ timeoutMs: 30_000, ...call }));
  }

  startChaos(runId: string, plan: Plan, steadyStartsAt: number, call: Call = {}): Promise<unknown> {
    return this.#chaos(`/schedule`, anything, post({ runId, plan, steadyStartsAt }, call));
  }

  stopChaos(call: Call = {}): Promise<unknown> {
    return this.#chaos(`/schedule`, anything, { ...get({ timeoutMs: 60_000, ...call }), method: 'DELETE' });
  }

  // ---- load generator ----
  startLoad(request: LoadRunRequest, call: Call = {}): Promise<unknown> {
    return callJson(`${this.urls.loadgenUrl}/run`, anything, post(request, { timeoutMs: 30_000, ...call }));
  }

  renewLoadLease(runId: string, call: Call = {}): Promise<unknown> {
    return callJson(`${this.urls.loadgenUrl}/run/${runId}`, anything, { ...post({}, call), method: 'PUT' });
  }

  stopLoad(call: Call = {}): Promise<unknown> {
    return callJson(`${this.urls.loadgenUrl}/stop`, anything, post({}, { timeoutMs: 60_000, ...call }));
  }

  /** Resolves when the capacity test is over. */
  measureCapacity(pressure: CapacityTestRequest, call: Call): Promise<CapacityResult> {
    return callJson(`${this.urls.loadgenUrl}/capacity-test`, capacityResultSchema, post(pressure, call));
  }

  /** Names the run, because a restarted load generator has forgotten it. */
  readBack(runId: string, final: boolean, call: Call = {}): Promise<unknown> {
    return callJson(`${this.urls.loadgenUrl}/read-back`, anything, post({ runId, final }, call));
  }

  loadStatus(call: Call = {}): Promise<LoadStatus> {
    return callJson(`${this.urls.loadgenUrl}/status`, loadStatusSchema, get(call));
  }

  // ---- any service ----
  async isReady(url: string, call: Call = {}): Promise<boolean> {
    return (await callJson(`${url}/ready`, readySchema, get({ timeoutMs: 2_000, ...call }))).ready;
  }

  /** The service's own time in epoch ms. */
  async timeOf(url: string, call: Call = {}): Promise<number> {
    return (await callJson(`${url}/live`, liveSchema, get({ timeoutMs: 2_000, ...call }))).now;
  }

  /** The service's metrics in Prometheus text format. */
  async metricsOf(url: string, { signal, timeoutMs = 2_000 }: Call = {}): Promise<string> {
    const deadline = AbortSignal.timeout(timeoutMs);
    return (await httpExchange(`${url}/metrics`, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline }))
      .text;
  }

  /** Throws if one has an error status, such as 503 of a server that is not ready. */
  async allAnswerOk(urls: readonly string[], call: Call = {}): Promise<true> {
    await Promise.all(urls.map((url) => callText(url, get({ timeoutMs: 2_000, ...call }))));
    return true;
  }
}

function get({ signal, timeoutMs = 5_000 }: Call): CallOptions {
  return { timeoutMs, ...(signal ? { signal } : {}) };
}

function post(body: unknown, call: Call): CallOptions {
  return { ...get(call), method: 'POST', body };
}
