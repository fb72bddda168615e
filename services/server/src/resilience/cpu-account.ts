/** What the kernel says of the CPU of our container: how much it may use, and how much it has used, our children included. */
import { join } from 'node:path';
import {
  groupFoldersV1,
  groupFoldersV2,
  type KernelFolders,
  readCounter,
  readNumber,
  readText,
} from './control-group.ts';

export interface CpuAccount {
  /** How many CPUs' worth may be used; null without a limit. It may change while we run. */
  cpus(): number | null;
  /** Milliseconds of CPU since the container began. */
  usedMs(): number;
}

/** Null where nothing limits us, or nobody counts. */
export function openCpuAccount(folders: KernelFolders = {}): CpuAccount | null {
  return openV2(folders) ?? openV1(folders);
}

function openV2(folders: KernelFolders): CpuAccount | null {
  for (const folder of groupFoldersV2(folders)) {
    const [limit, account] = [join(folder, 'cpu.max'), join(folder, 'cpu.stat')];
    if (readText(limit) === null || readCounter(account, 'usage_usec') === null) continue;
    return {
      cpus() {
        const [quota, period] = (readText(limit) ?? '').split(' ').map(Number);
        return shareOf(quota, period);
      },
      usedMs: () => (readCounter(account, 'usage_usec') ?? 0) / 1e3,
    };
  }
  return null;
}

function openV1(folders: KernelFolders): CpuAccount | null {
  const account = groupFoldersV1('cpuacct', folders)
    .map((folder) => join(folder, 'cpuacct.usage'))
    .find((path) => readNumber(path) !== null);
  const limit = groupFoldersV1('cpu', folders).find((folder) => readText(join(folder, 'cpu.cfs_quota_us')) !== null);
  if (account === undefined || limit === undefined) return null;
  return {
    // Without a limit the quota is -1.
    cpus: () =>
      shareOf(Number(readText(join(limit, 'cpu.cfs_quota_us'))), Number(readText(join(limit, 'cpu.cfs_period_us')))),
    usedMs: () => (readNumber(account) ?? 0) / 1e6,
  };
}

/** Null for `max`, -1 and what cannot be read. */
function shareOf(quota = Number.NaN, period = Number.NaN): number | null {
  const cpus = quota / period;
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}
