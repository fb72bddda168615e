/**
 * Creates a fresh PostgreSQL for one lab: its data folder, its user, and the command that serves
 * it.
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeError, EncoreError } from '@encore/kit';

export interface Database {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Set when we run as root: PostgreSQL refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface DatabaseOptions {
  /** Folder with bin, lib and share. */
  readonly programs: string;
  /** Must not exist yet. */
  readonly folder: string;
  readonly port: number;
  readonly role: string;
  readonly password: string;
}

/** The user id of `nobody` on Linux and macOS. */
const nobody = process.platform === 'darwin' ? 4_294_967_294 : 65_534;
const initTimeoutMs = 60_000;
/** Keeps shared memory in files. The default needs more of /dev/shm than some containers have. */
const sharedMemory = 'mmap';

export async function createDatabase(options: DatabaseOptions): Promise<Database> {
  const { programs, folder, port, role, password } = options;
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined;
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [folder, data, passwordFile]) await chown(path, user.uid, user.gid);
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const init = ['-D', data, '-U', role, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(
      join(programs, 'bin', 'initdb'),
      [...init, '--encoding=UTF8', '--locale=C', '--no-sync', '--set', `dynamic_shared_memory_type=${sharedMemory}`],
      // Not our current folder, to which that user may have no access.
      { cwd: '/', env, timeout: initTimeoutMs, ...user },
    );
  } catch (error) {
    throw new EncoreError('NO_DATABASE', `PostgreSQL could not create its data folder: ${reasonOf(error)}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
  return { command: [join(programs, 'bin', 'postgres'), '-D', data, ...settings(port)], env, ...(user && { user }) };
}

/** The last messages of initdb, without the failed command line. */
function reasonOf(error: unknown): string {
  const { stderr = '', killed = false, code } = error as { stderr?: string; killed?: boolean; code?: string | number };
  if (code === 'EACCES')
    return 'its programs may not be run where they are: the disk is mounted noexec, or a folder above is closed to other users. Set ENCORE_HOME to another folder';
  if (killed) return `it took longer than ${initTimeoutMs / 1_000} s; is the disk slow or the machine busy?`;
  if (/could not look up effective user ID/.test(stderr))
    return `user ${process.getuid?.()} has no entry in /etc/passwd, which PostgreSQL needs. Add one, or run as another user or as root`;
  const lines = stderr.split('\n').map((line) => line.trim());
  const diagnostics = lines.filter((line) => /(error|fatal|panic|hint|detail):/i.test(line)).join(' ');
  return diagnostics || lines.findLast(Boolean) || describeError(error);
}

function settings(port: number): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    // No Unix socket: the proxied connection, which faults act on, is the only way in.
    unix_socket_directories: '',
    max_connections: 50,
    shared_buffers: '64MB',
    log_min_messages: 'warning',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
