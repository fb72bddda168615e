/**
 * Follows when each service was down during a fault, and when it was back: a fault on a database
 * also takes down what needs it. Each service is judged by the best source that it has: the URL of
 * its readiness, the engine's health check, or the engine's start of the container.
 */
import type { EventOf, PlannedSystem, ReportedFault } from '@encore/contracts';
import { containerNames, firstReplica, runsProxies, withoutNumber } from '@encore/kit';
import { z } from 'zod';
import { type Observation, timeOf } from '../events/time-order.ts';
import type { FaultRecord } from '../faults/fault-record.ts';

export type ServiceRecovery = ReportedFault['services'][number];

interface Change {
  at: number;
  isUp: boolean;
}

interface Service {
  source: ServiceRecovery['source'];
  resolutionSeconds: number | null;
  changes: Change[];
}

/** Of each service; a day with a kill per minute has 3,000. */
const maxChanges = 20_000;
/** The server watcher asks every 50 to 100 ms. */
const readySeconds = 0.1;
const healthChecksSchema = z.record(z.string(), z.number()).catch({});

export class ServiceRecoveries {
  readonly #services = new Map<string, Service>();
  readonly #judged: string;

  constructor(system: PlannedSystem) {
    this.#judged = firstReplica(system);
    for (const name of containerNames(system))
      if (!runsProxies(system, name))
        this.#services.set(name, { source: 'engine', resolutionSeconds: null, changes: [] });
  }

  add(event: Observation): void {
    switch (event.type) {
      case 'run_started':
        this.#start(event);
        break;
      case 'server_observed':
        this.#observe(event);
        break;
      case 'engine_event':
        this.#onEngineEvent(event, timeOf(event));
        break;
      default:
        break;
    }
  }

  #start({ environment }: EventOf<'run_started'>): void {
    const intervals = healthChecksSchema.parse(environment['healthChecks']);
    for (const [name, service] of this.#services) {
      const seconds = intervals[withoutNumber(name)];
      if (seconds === undefined || service.source === 'ready') continue;
      service.source = 'health-check';
      service.resolutionSeconds = seconds;
    }
  }

  #observe({ target = this.#judged, at, ready }: EventOf<'server_observed'>): void {
    const service = this.#services.get(target);
    if (service === undefined) return;
    if (service.source !== 'ready') {
      service.source = 'ready';
      service.resolutionSeconds = readySeconds;
      service.changes = [];
    }
    change(service, at, ready);
  }

  #onEngineEvent({ target, action }: EventOf<'engine_event'>, at: number): void {
    const service = this.#services.get(target);
    if (service === undefined || service.source === 'ready') return;
    if (action === 'die' || action === 'pause' || action === 'health_status: unhealthy') change(service, at, false);
    // A process that has started may not serve yet; where a health check exists, it decides.
    const isUp =
      action === 'unpause' ||
      (service.source === 'health-check' ? action === 'health_status: healthy' : action === 'start');
    if (isUp) change(service, at, true);
  }

  /** The services that were down in the time of a fault, which ends with the next one. */
  of(record: FaultRecord, untilAt: number): ServiceRecovery[] {
    const fromAt = record.injectedAt;
    const clockAt = record.clockStartsAt ?? fromAt;
    if (fromAt === null || clockAt === null || record.effect !== 'confirmed') return [];
    return [...this.#services].flatMap(([service, { source, resolutionSeconds, changes }]) => {
      const during = changes.filter(({ at }) => at >= fromAt && at < untilAt);
      const down = during.findIndex(({ isUp }) => !isUp);
      if (down === -1) return [];
      // The first return that held until the clock started; a later flap is not part of it.
      const back = during
        .slice(down)
        .find(({ at, isUp }, index, rest) => isUp && (at >= clockAt || (rest[index + 1]?.at ?? clockAt) >= clockAt));
      const seconds = back === undefined ? null : Math.max(0, Math.round(back.at - clockAt)) / 1_000;
      return [{ service, seconds, source, resolution_seconds: resolutionSeconds }];
    });
  }
}

/** Keeps changes only: the watcher observes the same state many times. */
function change({ changes }: Service, at: number, isUp: boolean): void {
  if ((changes.at(-1)?.isUp ?? true) === isUp || changes.length >= maxChanges) return;
  changes.push({ at, isUp });
}
