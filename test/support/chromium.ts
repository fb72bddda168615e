/** The Chromium of this machine: on the PATH, or named in ENCORE_CHROMIUM; undefined where there is none. */
import { existsSync } from 'node:fs';

export const chromiumPath: string | undefined =
  process.env['ENCORE_CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
