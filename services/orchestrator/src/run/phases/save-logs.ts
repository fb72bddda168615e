/**
 * Saves the logs of the lab's programs in `logs/` beside the report: as files of the lab without Docker, through the
 * chaos container with Docker. They are no evidence, so a log that cannot be saved does not change the verdict.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@encore/kit';
import { z } from 'zod';
import type { Wiring } from '../../config.ts';
import type { Peers } from '../peers.ts';

/** Names of files; the answer is not trusted with a path. */
const servicesSchema = z.array(z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/i));

/** Returns what could not be saved, one line for each. */
export async function saveLogs(
  { logsDir }: Pick<Wiring, 'logsDir'>,
  peers: Peers,
  resultsFolder: string,
  sinceMs: number,
): Promise<string[]> {
  const folder = join(resultsFolder, 'logs');
  try {
    if (logsDir !== undefined) {
      await cp(logsDir, folder, { recursive: true });
      return [];
    }
    const services = servicesSchema.parse(await peers.logNames());
    await mkdir(folder, { recursive: true });
    const problems: string[] = [];
    for (const service of services) {
      try {
        await writeFile(join(folder, `${service}.log`), await peers.log(service, sinceMs));
      } catch (error) {
        problems.push(`The log of ${service} could not be saved: ${describeError(error)}`);
      }
    }
    return problems;
  } catch (error) {
    return [`The logs could not be saved: ${describeError(error)}`];
  }
}
