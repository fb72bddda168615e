/** Where a browser finds the dashboard of a run, from its start on: a short run is a narrow strip of Grafana's default range. */
import type { Wiring } from '../config.ts';

/** Null where the lab has no Grafana. */
export function dashboardLink({ grafana }: Wiring['links'], startedAtMs: number): string | null {
  return grafana === undefined ? null : `${grafana}/d/encore-run?from=${Math.floor(startedAtMs)}&to=now`;
}
