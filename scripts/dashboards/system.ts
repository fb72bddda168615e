/** The system whose dashboards these are. */
import type { ShownSystem } from '@encore/project/dashboards';
import { bundledSystemFile, readSystemFile } from '../../packages/kit/src/system-file.ts';

export const bundled: ShownSystem = { ...readSystemFile(bundledSystemFile), hasMemoryLimit: true };
