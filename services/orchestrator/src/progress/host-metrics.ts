/**
 * Use of the machine's CPU, memory and results disk. Inside a container, the kernel reports the
 * figures of the whole host (with Docker Desktop, of the virtual machine).
 */
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';

export interface HostMetrics {
  /** Busy share of all cores since the last sample; null for the first. */
  cpuShare: number | null;
  cores: number;
  memory: Usage;
  disk: Usage | null;
}

/** `freeBytes` is what a program may still allocate. */
export interface Usage {
  usedShare: number;
  freeBytes: number;
}

export class HostSampler {
  readonly #folder: string;
  #last: { busy: number; all: number } | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async sample(): Promise<HostMetrics> {
    const cores = cpus();
    const now = { busy: 0, all: 0 };
    for (const { times } of cores) {
      const all = times.user + times.nice + times.sys + times.idle + times.irq;
      now.all += all;
      now.busy += all - times.idle;
    }
    const passed = this.#last === null ? 0 : now.all - this.#last.all;
    const cpuShare = this.#last === null || passed <= 0 ? null : (now.busy - this.#last.busy) / passed;
    this.#last = now;
    return {
      cpuShare,
      cores: cores.length,
      memory: { usedShare: 1 - freemem() / totalmem(), freeBytes: freemem() },
      disk: await diskOf(this.#folder),
    };
  }
}

async function diskOf(folder: string): Promise<Usage | null> {
  const found = await statfs(folder).catch(() => null);
  if (found === null) return null;
  const { blocks, bfree, bavail, bsize } = found;
  // Like df: space reserved for root is neither used nor free.
  return { usedShare: (blocks - bfree) / (blocks - bfree + bavail), freeBytes: bavail * bsize };
}
