/** The system whose dashboards these are. */
import { bundledSystemFile, readSystemFile } from '../../packages/kit/src/system-file.ts';

export const { entry, proxies, recoveryOf } = readSystemFile(bundledSystemFile);
