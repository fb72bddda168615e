/**
 * Load faults, which the chaos service starts and ends: a spike, or calls that stall the
 * service. What they send comes from the workload. Each ends when its time is up.
 */
import type { LoadFaultRequest, LoadFaultStatus, LoadFaults as Named } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger } from '@encore/kit';
import type { StallCall } from '@encore/workload';
import { poolOf, sentOf } from '../http/exchange.ts';
import type { WorkloadDescription } from '../worker/messages.ts';
import type { WorkloadHost } from '../workload-host.ts';
import { Spike } from './spike.ts';
import { cleanUp, endOf, Stall, type StalledService } from './stall.ts';

export interface LoadFaultsOptions {
  targetUrl: string;
  description: WorkloadDescription;
  /** Starts the workload in a separate thread. */
  openHost: () => Promise<WorkloadHost>;
  clock: Clock;
  logger: Logger;
}

interface Running {
  fault: Spike | Stall;
  timer: NodeJS.Timeout;
}

/**
 * More than a breaker needs: a call that was rejected, or cut by another fault, does not count as a
 * failure.
 */
const slowCalls = 8;

export class LoadFaults implements AsyncDisposable {
  readonly #options: LoadFaultsOptions;
  readonly #running = new Map<string, Promise<Running>>();

  constructor(options: LoadFaultsOptions) {
    this.#options = options;
  }

  /** What the workload defines for load faults. */
  get named(): Named {
    return { stall: this.#options.description.faults.stall };
  }

  /**
   * Does nothing if the fault is already running. Throws NOT_DEFINED if the workload defines no
   * calls.
   */
  async start(id: string, request: LoadFaultRequest): Promise<void> {
    const earlier = await this.#running.get(id);
    if (earlier?.fault.isOver === false) return;
    clearTimeout(earlier?.timer);
    const starting = this.#start(id, request);
    this.#running.set(id, starting);
    try {
      await starting;
    } catch (error) {
      this.#running.delete(id);
      throw error;
    }
    this.#options.logger.info({ fault: id, ...request }, 'load fault started');
  }

  async status(id: string): Promise<LoadFaultStatus> {
    const running = await this.#running.get(id);
    if (running === undefined) throw new EncoreError('UNKNOWN_FAULT', `no fault ${id} is running here`);
    const { fault } = running;
    const isSpike = fault instanceof Spike;
    return { isOver: fault.isOver, answers: isSpike ? fault.answers : 0, ends: isSpike ? [] : fault.ends };
  }

  /** Makes a call that succeeds, removes what it stored, and returns how it ended. */
  async quickCall(id: string): Promise<string> {
    const call = await this.#withHost((host) => host.stallCall('quick', this.#run(id)));
    return this.#withService(async (service) => {
      const { end } = await endOf(call, service, AbortSignal.timeout(15_000));
      await cleanUp(call.cleanUp, service);
      return end;
    });
  }

  /** Ends a fault and removes what a stall stored, even if another process started it. */
  async stop(id: string, action: LoadFaultRequest['action']): Promise<void> {
    const running = await this.#running.get(id)?.catch(() => undefined);
    const fault = running?.fault;
    clearTimeout(running?.timer);
    await fault?.stop();
    if (action === 'stall' && this.named.stall !== null) {
      const requests =
        fault instanceof Stall ? fault.cleanUp : (await this.#callsOf(id)).flatMap((call) => call.cleanUp);
      await this.#withService((service) => cleanUp(requests, service));
    }
    if (this.#running.delete(id)) this.#options.logger.info({ fault: id }, 'load fault ended');
  }

  /** What a stall has stored stays: the chaos service reverts the fault, or the next run does. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const starting of this.#running.values()) {
      const running = await starting.catch(() => undefined);
      clearTimeout(running?.timer);
      await running?.fault.stop();
    }
  }

  async #start(id: string, request: LoadFaultRequest): Promise<Running> {
    const fault = request.action === 'spike' ? await this.#spike(request) : await this.#stall(id);
    const stop = () =>
      this.stop(id, request.action).catch((error: unknown) =>
        this.#options.logger.warn({ fault: id, err: describeError(error) }, 'a load fault did not end cleanly'),
      );
    return { fault, timer: setTimeout(() => void stop(), request.seconds * 1_000) };
  }

  #spike({ requestsPerSecond, seconds }: Extract<LoadFaultRequest, { action: 'spike' }>): Promise<Spike> {
    const { description, targetUrl } = this.#options;
    const { spike } = description.faults;
    const { method, path } = spike;
    return Spike.start({ url: `${targetUrl}${path}`, method, ...sentOf(spike), requestsPerSecond, seconds });
  }

  async #stall(id: string): Promise<Stall> {
    if (this.named.stall === null)
      throw new EncoreError('NOT_DEFINED', 'the workload defines no calls for a stall; add faults.stall to it');
    return new Stall(await this.#callsOf(id), this.#newService());
  }

  #callsOf(id: string): Promise<StallCall[]> {
    return this.#withHost(async (host) => {
      const calls: StallCall[] = [];
      for (let number = 1; number <= slowCalls; number += 1) calls.push(await host.stallCall(number, this.#run(id)));
      return calls;
    });
  }

  #run(runId: string): { runId: string; parameters: WorkloadDescription['parameters'] } {
    return { runId, parameters: this.#options.description.parameters };
  }

  async #withHost<T>(work: (host: WorkloadHost) => Promise<T>): Promise<T> {
    await using host = await this.#options.openHost();
    return await work(host);
  }

  async #withService<T>(work: (service: StalledService) => Promise<T>): Promise<T> {
    const service = this.#newService();
    try {
      return await work(service);
    } finally {
      await service.pool.destroy();
    }
  }

  #newService(): StalledService {
    const { description, clock, targetUrl } = this.#options;
    return { pool: poolOf(targetUrl, 2), errors: description.errors, clock };
  }
}
