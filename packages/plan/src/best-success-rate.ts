/**
 * Estimates the operation success rate, from 0 to 1, of a system without weaknesses under a plan.
 *
 * It assumes that no request succeeds during a total outage; a run may exceed the estimate. An
 * operation that starts in an outage still succeeds if the outage ends before its three attempts
 * are used up, which takes about `toleratedOutageSeconds`. An outage of D seconds therefore costs
 * max(0, D - tolerated) seconds, and
 *
 *   best = 1 - sum(max(0, D - tolerated)) / steadySeconds
 *
 * over the union of all outages, for operations spread evenly over time. At best, the server is
 * back 0.3 s after a crash (engine) and 2 s after an outage (supervisor): both are tolerated.
 * Delays and limits cost nothing here.
 */
import { behaviourOf, type PlannedFault } from '@encore/contracts';

export const toleratedOutageSeconds = 3;

export function bestSuccessRate(faults: readonly PlannedFault[], steadySeconds: number): number {
  const spans = faults
    .filter((fault) => fault.noop !== true && fault.durationSeconds > 0 && behaviourOf(fault).totalOutage)
    .map((fault) => ({ from: fault.atSeconds, to: fault.atSeconds + fault.durationSeconds }))
    .sort((a, b) => a.from - b.from);
  let lost = 0;
  let open: { from: number; to: number } | undefined;
  const close = () => {
    if (open) lost += Math.max(0, open.to - open.from - toleratedOutageSeconds);
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
