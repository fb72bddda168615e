/** Facts about processes of this machine; not part of the index, because few programs need them. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * When a process started, in any unit; null if it has ended. With the process id it identifies a
 * process: the id alone may be that of a later one.
 */
export async function startOfProcess(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? ((await statOf(pid))?.[18] ?? null) : await fromPs('lstart', pid);
}

/** The process id of the parent; null if the process has ended. */
export async function parentOfProcess(pid: number): Promise<number | null> {
  const text = process.platform === 'linux' ? (await statOf(pid))?.[0] : await fromPs('ppid', pid);
  return text ? Number(text) : null;
}

/** The fields of /proc/PID/stat that follow the state; null for a process that has ended. */
async function statOf(pid: number): Promise<string[] | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name of the program is in parentheses and may contain any character.
  const [state = 'Z', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie only waits for its parent to read its exit status.
  return state === 'Z' ? null : fields;
}

async function fromPs(field: string, pid: number): Promise<string | null> {
  const ps = promisify(execFile)('ps', ['-o', `${field}=`, '-p', String(pid)]);
  return await ps.then(({ stdout }) => stdout.trim() || null).catch(() => null);
}
