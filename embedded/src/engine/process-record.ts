/**
 * A file in a lab's folder with every process that the lab started, by id and start time. If the
 * lab and its reaper are killed, a later command ends exactly these processes: a process that got
 * the id of one of them has another start time.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startOfProcess } from '@encore/kit/host-process';
import { membersOf, processTable } from './process-table.ts';

const fileOf = (folder: string): string => join(folder, 'processes');

export async function recordProcess(folder: string, pid: number): Promise<void> {
  await appendFile(fileOf(folder), `${pid} ${await startOfProcess(pid)}\n`);
}

/**
 * The process that the folder belongs to, which records itself first: null if it has ended,
 * undefined if it has not recorded itself yet.
 */
export async function ownerOf(folder: string): Promise<number | null | undefined> {
  const [first = ''] = await linesOf(folder);
  return first === '' ? undefined : ((await runningAt([first]))[0] ?? null);
}

/** The recorded processes that are still running, in the order in which they started. */
export async function recordedProcesses(folder: string): Promise<number[]> {
  return await runningAt(await linesOf(folder));
}

const linesOf = async (folder: string): Promise<string[]> =>
  (await readFile(fileOf(folder), 'utf8').catch(() => '')).split('\n');

async function runningAt(lines: readonly string[]): Promise<number[]> {
  const running: number[] = [];
  for (const line of lines) {
    const [, pid = '', start = ''] = /^(\d+) (.+)$/.exec(line) ?? [];
    if (pid !== '' && (await startOfProcess(Number(pid))) === start) running.push(Number(pid));
  }
  return running;
}

/** Kills these processes, their groups and what they started; returns the number of processes. */
export function killWithChildren(pids: readonly number[]): number {
  const table = processTable();
  const all = new Set(pids.flatMap((pid) => membersOf(pid, table).map((member) => member.pid)));
  for (const pid of all) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already ended.
    }
  }
  return all.size;
}
