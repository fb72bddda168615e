/** What the dashboards show of a system: its names, and the labels of its series. */
import type { PlannedSystem } from '@encore/contracts';
import { replicasOf } from '@encore/kit';

export interface ShownSystem extends Pick<PlannedSystem, 'containers' | 'entry' | 'recoveryOf'> {
  proxies: Readonly<Record<string, unknown>>;
  /** Whether `recoveryOf` has a limit; if not, the engine reports the memory of the machine. */
  hasMemoryLimit: boolean;
}

/** A matcher for the containers whose recovery is judged, such as `target="api"`. */
export function targetMatcher(system: ShownSystem): string {
  const [first = system.recoveryOf, ...others] = replicasOf(system, system.recoveryOf);
  if (others.length === 0) return `target="${first}"`;
  return `target=~"${[first, ...others].map((name) => name.replaceAll('.', '\\\\.')).join('|')}"`;
}
