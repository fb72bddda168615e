/**
 * Did monitoring see each fault, and after how long? What Prometheus' alerts did stands in the history, and so does which kinds of
 * fault raise which alert, by the alerts' own word; here both are laid over the faults.
 *
 *   fault   ├── until recovered ──┤── 30 s ──┤
 *   alert          ▲ went firing here, and names the kind: seen
 */
import type { EventOf, FaultKind, ReportedMonitoring } from '@encore/contracts';
import type { SettledFault } from './evidence.ts';
import type { Observation } from './time-order.ts';

/** A scrape and an evaluation take 5 s each, and the figures are rates of 15 s: an alert may come so long after the fault's end. */
const noticedWithinMs = 30_000;

export interface FaultMonitoring extends ReportedMonitoring {
  /** An alert says that it must fire under this kind. */
  expected: boolean;
}

export class Monitoring {
  #asked: EventOf<'alerts_asked'> | null = null;
  readonly #firings: EventOf<'alert_fired'>[] = [];

  add(event: Observation): void {
    if (event.type === 'alerts_asked') this.#asked = event;
    if (event.type === 'alert_fired') this.#firings.push(event);
  }

  /** By fault id, of the faults that bit; null when nobody watched. */
  of(faults: readonly SettledFault[]): Map<string, FaultMonitoring> | null {
    if (this.#asked === null) return null;
    const bit = faults.filter(({ record }) => record.bit === 'yes' && record.injectedAt !== null);
    const firsts = this.#firstFirings(bit);
    return new Map(bit.map((fault) => [fault.record.fault.id, this.#finding(fault, firsts.get(fault) ?? null)]));
  }

  /** A firing belongs to the fault injected last that may have raised it. */
  #firstFirings(faults: readonly SettledFault[]): Map<SettledFault, EventOf<'alert_fired'>> {
    const firsts = new Map<SettledFault, EventOf<'alert_fired'>>();
    for (const firing of this.#firings.toSorted((a, b) => a.fromAt - b.fromAt)) {
      const owner = faults
        .filter((fault) => this.#namersOf(fault.record.fault.kind).has(firing.alert) && wasNear(fault, firing.fromAt))
        .reduce<SettledFault | null>(
          (last, fault) => (last === null || began(fault) > began(last) ? fault : last),
          null,
        );
      if (owner !== null && !firsts.has(owner)) firsts.set(owner, firing);
    }
    return firsts;
  }

  #finding(fault: SettledFault, first: EventOf<'alert_fired'> | null): FaultMonitoring {
    const { kind } = fault.record.fault;
    const namers = this.#namersOf(kind);
    const expected = this.#asked?.alerts.some(({ firesUnder }) => firesUnder.includes(kind)) ?? false;
    const nothing = { alert: null, after_seconds: null, expected };
    if (first !== null) {
      const seconds = Math.round(Math.max(0, first.fromAt - began(fault))) / 1_000;
      return { state: 'seen', alert: first.alert, after_seconds: seconds, expected };
    }
    if (namers.size === 0) return { state: 'not_alerting', ...nothing };
    const before = this.#firings.find(
      ({ alert, fromAt, toAt }) => namers.has(alert) && fromAt < began(fault) && toAt >= began(fault),
    );
    if (before === undefined) return { state: 'silent', ...nothing };
    return { state: 'already_firing', ...nothing, alert: before.alert };
  }

  #namersOf(kind: FaultKind): Set<string> {
    const alerts = this.#asked?.alerts ?? [];
    const namers = alerts.filter(({ firesUnder, mayFireUnder }) => [...firesUnder, ...mayFireUnder].includes(kind));
    return new Set(namers.map(({ name }) => name));
  }
}

function began({ record }: SettledFault): number {
  return record.injectedAt ?? 0;
}

function wasNear(fault: SettledFault, at: number): boolean {
  const endedAt = fault.endedAt ?? began(fault);
  return at >= began(fault) && at <= endedAt + noticedWithinMs;
}
