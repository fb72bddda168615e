/** The load generator of a toy lab, as a separate process that carries out load faults. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { root } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import type { Place } from './toy-programs.ts';

/** `folder` takes its runs; `serverProxy` is what it loads. */
export async function startToyLoad(
  folder: string,
  serverProxy: Place,
): Promise<{ loadgenUrl: string } & AsyncDisposable> {
  const port = await freePort();
  const loadgenUrl = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(root, 'services/loadgen/src/main.ts')], {
    env: {
      ...process.env,
      ENCORE_HOST: '127.0.0.1',
      ENCORE_PORT: String(port),
      ENCORE_TARGET_URL: `http://${serverProxy.host}:${serverProxy.port}`,
      ENCORE_RUNS_DIR: join(folder, 'runs'),
      ENCORE_WORKLOAD: join(import.meta.dirname, 'toy-workload.ts'),
    },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const isLive = async () => child.exitCode !== null || (await fetch(`${loadgenUrl}/live`)).ok;
  await waitUntil('the load generator', isLive, { timeoutMs: 60_000 });
  return {
    loadgenUrl,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
