/**
 * Finds limits of server_config.json that contradict each other or exceed the container. The server
 * rejects them at startup; otherwise it would silently apply a smaller limit, or answer "try again"
 * to requests that never fit. docs/CONFIGURATION.md lists what each key needs.
 */
import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ServerConfig } from './server-config.ts';

const mebibyte = 1024 * 1024;

export interface Capacity {
  memoryBytes: number;
  /** The size of the file system that contains the scratch folder. */
  scratchBytes: number;
  scratchDir: string;
}

/**
 * `containerBytes` is the limit that the container was created with; null means the memory of the
 * machine. The live limit is not used, because a server must be able to restart while a fault
 * lowers it.
 */
export function capacityOf(scratchDir: string, containerBytes: number | null): Capacity {
  let folder = resolve(scratchDir);
  while (!existsSync(folder)) folder = dirname(folder);
  const { blocks, bsize } = statfsSync(folder);
  return { memoryBytes: containerBytes ?? totalmem(), scratchBytes: blocks * bsize, scratchDir };
}

/**
 * Returns one message for each limit that cannot work: the key, what is wrong, what would be right.
 */
export function limitProblems(limits: ServerConfig, capacity: Capacity): string[] {
  const { memory_limit_mb, max_request_size, spool_limit_mb, request_timeout } = limits;
  const problems: string[] = [];
  if (memory_limit_mb * mebibyte > capacity.memoryBytes)
    problems.push(
      `memory_limit_mb: ${memory_limit_mb} MB is above the memory of this container, ${inMb(capacity.memoryBytes)}. Use at most ${wholeMb(capacity.memoryBytes)}, or give the container more memory: ENCORE_SERVER_MEMORY_BYTES=${memory_limit_mb * mebibyte}`,
    );
  if (max_request_size > spool_limit_mb * mebibyte)
    problems.push(
      `max_request_size: ${max_request_size} bytes (${inMb(max_request_size)}) does not fit into spool_limit_mb, ${spool_limit_mb} MB. Use a spool_limit_mb of at least ${Math.ceil(max_request_size / mebibyte)}, or a max_request_size of at most ${spool_limit_mb * mebibyte}`,
    );
  if (spool_limit_mb * mebibyte > capacity.scratchBytes)
    problems.push(
      `spool_limit_mb: ${spool_limit_mb} MB is above the size of the scratch folder ${capacity.scratchDir}, ${inMb(capacity.scratchBytes)}. Use at most ${wholeMb(capacity.scratchBytes)}, or a larger folder: with Docker, ENCORE_SERVER_SCRATCH_MB=${spool_limit_mb + 4}`,
    );
  const { processes, heap_mb } = limits.workers;
  if (processes * heap_mb > memory_limit_mb)
    problems.push(
      `workers.heap_mb: ${heap_mb} MB for each of ${processes} processes is above memory_limit_mb, ${memory_limit_mb} MB. Use at most ${Math.floor(memory_limit_mb / processes)}, or fewer workers.processes`,
    );
  if (limits.cache.megabytes > memory_limit_mb)
    problems.push(
      `cache.megabytes: ${limits.cache.megabytes} MB is above memory_limit_mb, ${memory_limit_mb} MB. Use at most a tenth of it`,
    );
  for (const key of ['tool_timeout', 'queue_timeout'] as const)
    if (limits[key] > request_timeout)
      problems.push(
        `${key}: ${limits[key]} s is above request_timeout, ${request_timeout} s, which ends the request earlier. Use at most ${request_timeout}, or a longer request_timeout`,
      );
  return problems;
}

const wholeMb = (bytes: number): number => Math.floor(bytes / mebibyte);
const inMb = (bytes: number): string => `${wholeMb(bytes)} MB`;
