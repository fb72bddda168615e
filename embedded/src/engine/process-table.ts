/**
 * A snapshot of the system's processes: which belong to a container, and what they use. A container
 * is the tree below its main process plus that process's group. The group alone is not enough:
 * PostgreSQL's backends leave it.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly stopped: boolean;
  readonly cpuSeconds: number;
  /** Private memory: without files and shared pages. */
  readonly memoryBytes: number;
}

const ticksPerSecond = 100;
let pageBytes = 0;

export function processTable(): ProcessEntry[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** The processes of the container whose main process is `main`. */
export function membersOf(main: number, table: readonly ProcessEntry[]): ProcessEntry[] {
  const members = new Set(table.filter(({ pid, group }) => pid === main || group === main));
  for (let grown = true; grown; ) {
    const pids = new Set([...members].map(({ pid }) => pid));
    const children = table.filter((entry) => pids.has(entry.parent) && !members.has(entry));
    for (const child of children) members.add(child);
    grown = children.length > 0;
  }
  return [...members];
}

function fromProc(): ProcessEntry[] {
  pageBytes ||= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8', timeout: 5_000 }));
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The program name is in parentheses and may contain any character, so split after the last
      // ')'.
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state = '', parent, group] = fields;
      // A zombie only waits for its parent to read its exit status.
      if (state === 'Z' || state === 'X') continue;
      const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
      const [, resident, shared] = readFileSync(`/proc/${name}/statm`, 'latin1').split(' ').map(Number);
      entries.push({
        pid: Number(name),
        parent: Number(parent),
        group: Number(group),
        stopped: state === 'T' || state === 't',
        cpuSeconds: ticks / ticksPerSecond,
        memoryBytes: Math.max(0, (resident ?? 0) - (shared ?? 0)) * pageBytes,
      });
    } catch {
      // The process ended while we were reading.
    }
  }
  return entries;
}

function fromPs(): ProcessEntry[] {
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,rss=,time='], { encoding: 'utf8', timeout: 5_000 });
  return text
    .trim()
    .split('\n')
    .filter((line) => !/^\s*\d+\s+\d+\s+\d+\s+Z/.test(line))
    .map((line) => {
      const [pid, parent, group, state = '', kilobytes, time = ''] = line.trim().split(/\s+/);
      const cpuSeconds = time.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
      return {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        stopped: state.startsWith('T'),
        cpuSeconds,
        memoryBytes: Number(kilobytes) * 1024,
      };
    });
}
