/**
 * The private folder of a run on this machine: its Compose file, which contains secrets, and which
 * process performs the run. Named by the run, so that a later command finds it.
 */
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startOfProcess } from '@encore/kit/host-process';

const prefix = 'encore-run-';
const privateFolder = 0o700;

const pathOf = (runId: string): string => join(tmpdir(), `${prefix}${runId}`);
const processFileOf = (runId: string): string => join(pathOf(runId), 'process');

/** Throws if it exists: whoever created it could read what is written there. */
export async function createRunFolder(runId: string): Promise<string> {
  await mkdir(pathOf(runId), { mode: privateFolder });
  await writeFile(processFileOf(runId), `${process.pid} ${await startOfProcess(process.pid)}`);
  return pathOf(runId);
}

/** The runs of this user that have a folder. */
export async function runsWithFolder(): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  const runs: string[] = [];
  for (const name of names) {
    const found = await lstat(join(tmpdir(), name)).catch(() => null);
    if (found?.isDirectory() && found.uid === process.getuid?.()) runs.push(name.slice(prefix.length));
  }
  return runs;
}

/** Returns whether there was one. */
export async function removeRunFolder(runId: string): Promise<boolean> {
  if (!(await runsWithFolder()).includes(runId)) return false;
  await rm(pathOf(runId), { recursive: true, force: true });
  return true;
}

/** The process that is still performing this run; null if there is none. */
export async function processOfRun(runId: string): Promise<number | null> {
  const text = await readFile(processFileOf(runId), 'utf8').catch(() => '');
  const [, pid = '', start = ''] = /^(\d+) (.+)$/s.exec(text) ?? [];
  return pid !== '' && (await startOfProcess(Number(pid))) === start ? Number(pid) : null;
}

/** Processes with this run's folder in their command, such as `docker compose`. */
export async function commandsOfRun(runId: string): Promise<number[]> {
  const mine = (pid: number, command: string): number[] =>
    command.includes(pathOf(runId)) && pid !== process.pid ? [pid] : [];
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,args='], { maxBuffer: 16e6 });
    return stdout.split('\n').flatMap((line) => mine(Number.parseInt(line, 10), line));
  }
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const commands = pids.map(async (pid) => mine(pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return (await Promise.all(commands)).flat();
}
