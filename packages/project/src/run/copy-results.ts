/** Copies the results out of the orchestrator's container and reads the verdict from the report. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Result, reportSchema } from '@encore/contracts';
import { docker } from './docker.ts';

const verdictSchema = reportSchema.pick({ result: true });

/**
 * Copies `source`, a folder in `container`, into the folder `target`. Returns the verdict of the
 * report that was not in `target` before; null if there is none, as when the judge failed. Throws
 * DOCKER_FAILED if nothing could be copied.
 */
export async function copyResults(container: string, source: string, target: string): Promise<Result | null> {
  await mkdir(target, { recursive: true });
  const before = await reportsIn(target);
  await docker(['cp', `${container}:${source}/.`, target]);
  const [report] = (await reportsIn(target)).filter((name) => !before.includes(name));
  if (report === undefined) return null;
  return verdictSchema.parse(JSON.parse(await readFile(join(target, report), 'utf8'))).result;
}

async function reportsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.json'));
}
