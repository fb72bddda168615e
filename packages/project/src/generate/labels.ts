/** Labels of the containers, networks, volumes and images of a run. */
import type { Service } from '../compose/compose-model.ts';

export const labels = {
  /** Teardown removes only what carries this label with the id of the run. */
  run: 'encore.run',
  /** Name of the container in encore.yaml, in events and in reports. */
  target: 'encore.target',
  /** On a sidecar: the service whose name it took over. */
  sidecarOf: 'encore.sidecar.of',
  /** On a sidecar: address of Toxiproxy's API on the control network. */
  sidecarApi: 'encore.sidecar.api',
  /** On the lab's own services: which one it is. */
  lab: 'encore.lab',
  memory: 'encore.original.memory',
  memswap: 'encore.original.memswap',
  cpus: 'encore.original.cpus',
} as const;

export function runLabels(runId: string): Record<string, string> {
  return { [labels.run]: runId };
}

/**
 * Limits to restore after a fault. Inspecting the container is not enough: after an unclean end, a
 * capped value would be mistaken for the original. A limit that the service does not have has no
 * label, because the engine cannot restore "no limit".
 */
export function originalLimits({ deploy, ...service }: Service): Record<string, string> {
  // `deploy` takes precedence, as in Compose.
  const memory = deploy?.resources?.limits?.memory ?? service.mem_limit;
  const cpus = deploy?.resources?.limits?.cpus ?? service.cpus;
  return {
    ...(isLimit(memory) && {
      [labels.memory]: memory,
      // The engine's default: as much swap as memory.
      [labels.memswap]: isSet(service.memswap_limit) ? service.memswap_limit : String(Number(memory) * 2),
    }),
    ...(isLimit(cpus) && { [labels.cpus]: cpus }),
  };
}

const isSet = (limit: string | undefined): limit is string => limit !== undefined && Number(limit) !== 0;
const isLimit = (limit: string | undefined): limit is string => limit !== undefined && Number(limit) > 0;
