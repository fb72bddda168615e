/** The description of the bundled lab, for tests. */
import type { System, SystemContainer } from '@encore/contracts';
import { bundledSystemFile, readSystemFile } from '../system-file.ts';

export const bundledSystem = readSystemFile(bundledSystemFile);

/** The same with changes to the container whose recovery is judged. */
export function bundledSystemWith(changes: Partial<SystemContainer>): System {
  const { recoveryOf, containers } = bundledSystem;
  const defaults: SystemContainer = { allowedKinds: [], unsupported: {}, replicas: 1 };
  return {
    ...bundledSystem,
    containers: { ...containers, [recoveryOf]: { ...defaults, ...containers[recoveryOf], ...changes } },
  };
}
