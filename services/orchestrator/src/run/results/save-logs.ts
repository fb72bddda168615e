/**
 * Saves the services' logs in `logs/` next to the report: copies files without Docker, asks the
 * chaos service with Docker. Logs are not evidence, so a missing log does not change the verdict.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@encore/kit';
import { z } from 'zod';
import type { Wiring } from '../../config.ts';
import type { ServiceClients } from '../../service-clients.ts';

/** Allows file names only: the response must not choose a path. */
const servicesSchema = z.array(z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/i));

/** Returns one line per log that could not be saved. */
export async function saveLogs(
  { logsDir }: Pick<Wiring, 'logsDir'>,
  clients: ServiceClients,
  resultsFolder: string,
  sinceMs: number,
): Promise<string[]> {
  const folder = join(resultsFolder, 'logs');
  try {
    if (logsDir !== undefined) {
      await cp(logsDir, folder, { recursive: true });
      return [];
    }
    const services = servicesSchema.parse(await clients.logNames());
    await mkdir(folder, { recursive: true });
    const problems: string[] = [];
    for (const service of services) {
      try {
        await writeFile(join(folder, `${service}.log`), await clients.log(service, sinceMs));
      } catch (error) {
        problems.push(`The log of ${service} could not be saved: ${describeError(error)}`);
      }
    }
    return problems;
  } catch (error) {
    return [`The logs could not be saved: ${describeError(error)}`];
  }
}
