/** The Chromium of this machine: on the PATH, or named by ENCORE_CHROMIUM. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Undefined if there is none. */
export const chromiumPath: string | undefined =
  process.env['ENCORE_CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Flags that stop it from sending requests of its own. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('found no Chromium; install it or set ENCORE_CHROMIUM to its path');
  return chromium.launch({ executablePath: chromiumPath, args: quiet });
}
