/** Removes everything that has the label of a run, and the folder of that run, but nothing else. */
import { realpathSync } from 'node:fs';
import { describeError, EncoreError, sha256Hex, waitUntil } from '@encore/kit';
import { labels } from '../generate/labels.ts';
import { docker } from './docker.ts';
import { commandsOfRun, processOfRun, removeRunFolder, runsWithFolder } from './run-folder.ts';

const folderIdLength = 6;
/** How long the engine may take to finish a request whose client was killed. */
const engineFinishesMs = 1_000;
const maxPasses = 5;
/** The engine's answer if it is removing the container already. */
const inProgress = /already in progress/;
const removalMs = 10_000;

/** Beginning of the ids of all runs of a folder, by which a later command finds their remains. */
function folderIdOf(folder: string): string {
  return `${sha256Hex(realpathSync(folder)).slice(0, folderIdLength)}-`;
}

export function newRunId(folder: string, nowMs: number): string {
  return `${folderIdOf(folder)}${Math.floor(nowMs).toString(36)}`;
}

/** In this order: nothing can be removed while something else uses it. */
const resourceTypes = [
  { name: 'containers', list: ['ps', '-a'], remove: ['rm', '-f', '-v'] },
  { name: 'networks', list: ['network', 'ls'], remove: ['network', 'rm'] },
  { name: 'volumes', list: ['volume', 'ls'], remove: ['volume', 'rm', '-f'] },
  { name: 'images', list: ['image', 'ls'], remove: ['image', 'rm', '-f'] },
] as const;

/** Returns what was removed, such as `7 containers`. Throws DOCKER_FAILED. */
export async function takeDown(runId: string): Promise<string[]> {
  // First, because it contains secrets.
  const hadFolder = await removeRunFolder(runId);
  const removed: string[] = [];
  // What the engine was doing for an interrupted command may appear late.
  for (let pass = 0; pass < maxPasses; pass++) {
    const found = await takeDownContainers(runId);
    if (found.length === 0) break;
    removed.push(...found);
  }
  return [...removed, ...(hadFolder ? ['1 temporary folder'] : [])];
}

async function takeDownContainers(runId: string): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, list, remove } of resourceTypes) {
    const find = async (): Promise<string[]> => {
      const found = await docker([...list, '-q', '--filter', `label=${labels.run}=${runId}`]);
      return [...new Set(linesOf(found))];
    };
    const ids = await find();
    if (ids.length === 0) continue;
    try {
      await docker([...remove, ...ids]);
    } catch (error) {
      // Another command may have removed it in the meantime, or be removing it.
      const isGone = async () => (await find()).length === 0;
      const waiting = { timeoutMs: inProgress.test(describeError(error)) ? removalMs : 0, everyMs: 100 };
      await waitUntil('the removal', isGone, waiting).catch(() => {
        throw error;
      });
    }
    removed.push(`${ids.length} ${ids.length === 1 ? name.slice(0, -1) : name}`);
  }
  return removed;
}

/**
 * Removes what the runs of this folder left behind. Returns one line per run that is still
 * running, of which nothing was removed.
 */
export async function revertRuns(folder: string, print: (line: string) => void): Promise<string[]> {
  const runs = await leftRuns(folder);
  const problems: string[] = [];
  for (const id of runs) {
    const pid = await processOfRun(id);
    if (pid === null) print(`Run ${id}: removed ${(await takeDownKilled(id)).join(', ') || 'nothing'}`);
    else problems.push(stillRunning(id, pid));
  }
  if (runs.length === 0) print('No run of this folder left anything behind.');
  return problems;
}

/** Ends the commands of a killed run first: they outlive it and would recreate what it removes. */
async function takeDownKilled(runId: string): Promise<string[]> {
  const commands = await commandsOfRun(runId);
  for (const pid of commands) endCommand(pid);
  if (commands.length > 0) await new Promise((done) => setTimeout(done, engineFinishesMs));
  return await takeDown(runId);
}

function endCommand(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const stillRunning = (runId: string, pid: number): string =>
  `run ${runId} is still running (process ${pid}); stop it with Ctrl-C`;

/**
 * Why this run cannot begin alongside other runs of its folder, one line per run; and one line per
 * killed run that left something behind. Call once this run has its own folder, so that of two runs
 * that begin at the same time at least one is refused.
 */
export async function otherRuns(runId: string): Promise<{ problems: string[]; killed: string[] }> {
  const ofFolder = runId.slice(0, folderIdLength + 1);
  const others = (await runsWithFolder()).filter((id) => id !== runId && id.startsWith(ofFolder));
  const problems: string[] = [];
  const killed: string[] = [];
  for (const id of others.sort()) {
    const pid = await processOfRun(id);
    if (pid === null) killed.push(id);
    else
      problems.push(
        `${stillRunning(id, pid)}, or wait until it ends: two runs of a project would slow each other down`,
      );
  }
  return { problems, killed };
}

/** The runs of this folder that left something behind. */
async function leftRuns(folder: string): Promise<string[]> {
  const ids = new Set<string>(await runsWithFolder());
  const ofFolder = folderIdOf(folder);
  for (const type of resourceTypes) for (const id of await runsIn(type)) ids.add(id);
  return [...ids].filter((id) => id.startsWith(ofFolder)).sort();
}

/** The runs that left resources of this type behind. */
async function runsIn(type: (typeof resourceTypes)[number], attempts = 3): Promise<string[]> {
  const { name, list } = type;
  const filter = ['--filter', `label=${labels.run}`];
  if (name !== 'images') return linesOf(await docker([...list, ...filter, '--format', `{{.Label "${labels.run}"}}`]));
  // The list of images has no labels.
  const found = new Set(linesOf(await docker([...list, '-q', ...filter])));
  if (found.size === 0) return [];
  const label = `{{index .Config.Labels "${labels.run}"}}`;
  try {
    return linesOf(await docker(['image', 'inspect', '--format', label, ...found]));
  } catch (error) {
    // Another command may have removed one in the meantime.
    if (!(error instanceof EncoreError) || attempts === 1) throw error;
    return await runsIn(type, attempts - 1);
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
