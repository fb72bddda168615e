/** A server process with fixed ports that can be killed and restarted, as an engine does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { bareEnvironment, root } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';

export interface ServerProgram extends AsyncDisposable {
  readonly port: number;
  /** Kills the server by SIGKILL and restarts it. Resolves as soon as it reports ready. */
  crash(): Promise<void>;
}

export async function startServerProgram(program: string, databaseUrl: string): Promise<ServerProgram> {
  const scratch = mkdtempSync(join(tmpdir(), 'encore-conformance-'));
  const [port, healthPort] = [await freePort(), await freePort()];
  let child: ChildProcess;
  const start = async () => {
    child = spawn(process.execPath, [join(root, program)], {
      cwd: root,
      env: {
        ...bareEnvironment(),
        ENCORE_PORT: String(port),
        ENCORE_HEALTH_PORT: String(healthPort),
        ENCORE_DATABASE_URL: databaseUrl,
        ENCORE_SCRATCH_DIR: scratch,
        ENCORE_LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ready = `http://127.0.0.1:${healthPort}/health/ready`;
    await waitUntil('the server', async () => (await fetch(ready)).ok, { timeoutMs: 20_000, everyMs: 10 });
  };
  const end = async (signal: NodeJS.Signals) => {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    port,
    async crash() {
      await end('SIGKILL');
      await start();
    },
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
