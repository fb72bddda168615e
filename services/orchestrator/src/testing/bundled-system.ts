/** The description of the bundled lab, for tests. */
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';

export const bundledSystem = readSystemFile(bundledSystemFile);
