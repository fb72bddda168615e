/**
 * The success rate of operations that a perfect server could reach under a plan.
 *
 * An operation that falls into a total outage (no answer is possible, whoever serves) still succeeds when the outage
 * ends before its three attempts are used up: those span about `mercySeconds`. So of an outage of D seconds
 * max(0, D - mercy) are lost, and
 *
 *   best = 1 - sum(max(0, D - mercy)) / steadySeconds
 *
 * over the union of all outages, with operations due evenly in time. A crash is back at best after the engine's 0.3 s
 * and an outage after the supervisor's 2 s: both within the mercy. Delays and limits cost nothing here.
 */
import type { PlannedFault } from '@encore/contracts';
import { kindTiming } from './kind-timing.ts';

export const mercySeconds = 3;

export function bestSuccessRate(faults: readonly PlannedFault[], steadySeconds: number): number {
  const spans = faults
    .filter((fault) => fault.inert !== true && isTotalOutage(fault))
    .map((fault) => ({ from: fault.atSeconds, to: fault.atSeconds + fault.durationSeconds }))
    .sort((a, b) => a.from - b.from);
  let lost = 0;
  let open: { from: number; to: number } | undefined;
  const close = () => {
    if (open) lost += Math.max(0, open.to - open.from - mercySeconds);
  };
  for (const span of spans) {
    if (open && span.from <= open.to) {
      open.to = Math.max(open.to, span.to);
    } else {
      close();
      open = { ...span };
    }
  }
  close();
  return steadySeconds <= 0 ? 0 : Math.max(0, Math.round((1 - lost / steadySeconds) * 1e4) / 1e4);
}

/** An outage that is held, as in the server-down control, leaves nobody to answer either. */
function isTotalOutage(fault: PlannedFault): boolean {
  return fault.durationSeconds > 0 && (kindTiming[fault.kind].totalOutage || fault.kind === 'outage');
}
