/** The dashboard address with the run's time range, which may be short. */
import type { Wiring } from '../config.ts';

/** Null if the lab has no Grafana. */
export function dashboardLink({ grafana }: Wiring['links'], startedAtMs: number): string | null {
  return grafana === undefined ? null : `${grafana}/d/encore-run?from=${Math.floor(startedAtMs)}&to=now`;
}
