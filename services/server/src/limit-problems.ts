/**
 * Finds limits of server_config.json that cannot be kept together or not in this container. The server refuses them at
 * startup: otherwise it would keep a smaller limit without a word, or answer "try again" to requests that never fit.
 * docs/CONFIGURATION.md lists what each key needs.
 */
import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ServerConfig } from './config.ts';

const mebibyte = 1024 * 1024;

export interface Room {
  memoryBytes: number;
  /** Of the file system that holds the scratch folder. */
  scratchBytes: number;
  scratchDir: string;
}

/**
 * `containerBytes` is the limit that the container was made with, null where it has none: then the machine's memory
 * counts. The kernel's own figure is not asked: a server that
 * is started again while a fault caps its memory must not be refused.
 */
export function roomOf(scratchDir: string, containerBytes: number | null): Room {
  let folder = resolve(scratchDir);
  while (!existsSync(folder)) folder = dirname(folder);
  const { blocks, bsize } = statfsSync(folder);
  return { memoryBytes: containerBytes ?? totalmem(), scratchBytes: blocks * bsize, scratchDir };
}

/** Returns one sentence for each limit that cannot be kept: the key, what is wrong, what would be right. */
export function limitProblems(limits: ServerConfig, room: Room): string[] {
  const { memory_limit_mb, max_request_size, spool_limit_mb, request_timeout } = limits;
  const problems: string[] = [];
  if (memory_limit_mb * mebibyte > room.memoryBytes)
    problems.push(
      `memory_limit_mb: ${memory_limit_mb} MB is above the memory of this container, ${inMb(room.memoryBytes)}. Give at most ${wholeMb(room.memoryBytes)}, or give the container more: ENCORE_SERVER_MEMORY_BYTES=${memory_limit_mb * mebibyte}`,
    );
  if (max_request_size > spool_limit_mb * mebibyte)
    problems.push(
      `max_request_size: ${max_request_size} bytes (${inMb(max_request_size)}) never fit into spool_limit_mb, ${spool_limit_mb} MB. Give a spool_limit_mb of at least ${Math.ceil(max_request_size / mebibyte)}, or a max_request_size of at most ${spool_limit_mb * mebibyte}`,
    );
  if (spool_limit_mb * mebibyte > room.scratchBytes)
    problems.push(
      `spool_limit_mb: ${spool_limit_mb} MB is above the size of the scratch folder ${room.scratchDir}, ${inMb(room.scratchBytes)}. Give at most ${wholeMb(room.scratchBytes)}, or a larger folder: with Docker, ENCORE_SERVER_SCRATCH_MB=${spool_limit_mb + 4}`,
    );
  if (limits.cache.megabytes > memory_limit_mb)
    problems.push(
      `cache.megabytes: ${limits.cache.megabytes} MB is above memory_limit_mb, ${memory_limit_mb} MB. Give at most a tenth of it`,
    );
  for (const key of ['tool_timeout', 'queue_timeout'] as const)
    if (limits[key] > request_timeout)
      problems.push(
        `${key}: ${limits[key]} s is above request_timeout, ${request_timeout} s, which ends the request before. Give at most ${request_timeout}, or a longer request_timeout`,
      );
  return problems;
}

const wholeMb = (bytes: number): number => Math.floor(bytes / mebibyte);
const inMb = (bytes: number): string => `${wholeMb(bytes)} MB`;
