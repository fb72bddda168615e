/**
 * Determines whether Prometheus alerted on each fault, and how fast. The history contains the
 * alerts' firings, and which faults each alert declares in its annotations.
 *
 *   fault   ├── until recovered ──┤── 30 s ──┤
 *   alert          ▲ started to fire here, and declares the fault: seen
 */
import type { EventOf, PlannedFault, ReportedMonitoring } from '@encore/contracts';
import type { Observation } from '../events/time-order.ts';
import type { FinalizedFault } from '../faults/finalize.ts';

/** Maximum delay of an alert: scrape and evaluation take 5 s each, and rates cover 15 s. */
const noticedWithinMs = 30_000;

export interface FaultMonitoring extends ReportedMonitoring {
  /** An alert declares that this fault must make it fire. */
  expected: boolean;
}

export class Monitoring {
  #query: EventOf<'alerts_queried'> | null = null;
  readonly #firings: EventOf<'alert_fired'>[] = [];

  add(event: Observation): void {
    if (event.type === 'alerts_queried') this.#query = event;
    if (event.type === 'alert_fired') this.#firings.push(event);
  }

  /** By fault id, for faults with a confirmed effect; null if Prometheus was not queried. */
  of(faults: readonly FinalizedFault[]): Map<string, FaultMonitoring> | null {
    if (this.#query === null) return null;
    const confirmed = faults.filter(({ record }) => record.effect === 'confirmed' && record.injectedAt !== null);
    const firsts = this.#firstFirings(confirmed);
    return new Map(confirmed.map((fault) => [fault.record.fault.id, this.#finding(fault, firsts.get(fault) ?? null)]));
  }

  /** The first firing per fault; each belongs to the latest fault that may have caused it. */
  #firstFirings(faults: readonly FinalizedFault[]): Map<FinalizedFault, EventOf<'alert_fired'>> {
    const firsts = new Map<FinalizedFault, EventOf<'alert_fired'>>();
    for (const firing of this.#firings.toSorted((a, b) => a.fromAt - b.fromAt)) {
      const owner = faults
        .filter((fault) => this.#alertsFor(fault.record.fault).has(firing.alert) && wasNear(fault, firing.fromAt))
        .toSorted((a, b) => began(a) - began(b))
        .at(-1);
      if (owner !== undefined && !firsts.has(owner)) firsts.set(owner, firing);
    }
    return firsts;
  }

  #finding(fault: FinalizedFault, first: EventOf<'alert_fired'> | null): FaultMonitoring {
    const planned = fault.record.fault;
    const alerts = this.#alertsFor(planned);
    const expected = this.#query?.alerts.some(({ firesUnder }) => covers(firesUnder, planned)) ?? false;
    const nothing = { alert: null, after_seconds: null, expected };
    if (first !== null) {
      const seconds = Math.round(Math.max(0, first.fromAt - began(fault))) / 1_000;
      return { state: 'seen', alert: first.alert, after_seconds: seconds, expected };
    }
    if (alerts.size === 0) return { state: 'not_alerting', ...nothing };
    const before = this.#firings.find(
      ({ alert, fromAt, toAt }) => alerts.has(alert) && fromAt < began(fault) && toAt >= began(fault),
    );
    if (before === undefined) return { state: 'silent', ...nothing };
    return { state: 'already_firing', ...nothing, alert: before.alert };
  }

  #alertsFor(fault: PlannedFault): Set<string> {
    const all = this.#query?.alerts ?? [];
    const alerts = all.filter(({ firesUnder, mayFireUnder }) => covers([...firesUnder, ...mayFireUnder], fault));
    return new Set(alerts.map(({ name }) => name));
  }
}

/** True if the list names the kind, or the kind on this target. */
function covers(list: readonly string[], { kind, target }: PlannedFault): boolean {
  return list.includes(kind) || list.includes(`${kind} on ${target}`);
}

function began({ record }: FinalizedFault): number {
  return record.injectedAt ?? 0;
}

function wasNear(fault: FinalizedFault, at: number): boolean {
  const endedAt = fault.endedAt ?? began(fault);
  return at >= began(fault) && at <= endedAt + noticedWithinMs;
}
