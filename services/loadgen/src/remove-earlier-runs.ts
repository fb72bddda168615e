/**
 * Deletes objects that earlier runs left, within 20 s, because they slow the service down. Their
 * ids come from `newId()` or the probe: `<runId>-u<user>-<n>` and `<runId>-probe-<n>`.
 */
import { inParallel } from './in-parallel.ts';
import type { CallOptions, WorkloadHost } from './workload-host.ts';

const objectOfRun = /^(.+?)-(?:u\d+|probe)(?:-\d+)+$/;

export async function removeEarlierRuns(host: WorkloadHost, options: CallOptions): Promise<number> {
  let removed = 0;
  await inParallel(host.list('', options), 2, async ({ id }) => {
    const owner = objectOfRun.exec(id)?.[1];
    if (owner === undefined || owner === options.run.runId) return;
    await host.remove(id, options);
    removed += 1;
  });
  return removed;
}
