/**
 * The programs of the toy lab: a server that reports its own state, and the first message of a
 * database. Also its system description.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledSystem } from '@encore/kit/testing/bundled-system';

export const memoryBytes = 256 * 1_048_576;

/**
 * Answers: / a few hundred bytes, /big 64 kB, /slow after 300 ms, /burn after 200 ms of CPU, /self
 * with its own state, /spool after a write to the scratch space; /upload leaves 4 MB there until
 * /uploaded.
 */
export const serverProgram = `
const http = require('node:http'), fs = require('node:fs');
const keep = Buffer.alloc(20e6, 1);
const limitOf = () => { for (const f of ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max']) try { return Number(fs.readFileSync(process.env.MEMORY_LIMIT_FILE || f)) } catch {} return process.constrainedMemory() };
const usedOf = () => { for (const f of ['/sys/fs/cgroup/memory/memory.usage_in_bytes', '/sys/fs/cgroup/memory.current']) try { return Number(fs.readFileSync(f)) } catch {} return 0 };
let count = 0;
const server = http.createServer((q, a) => {
  count += 1;
  if (q.url === '/big') return a.end(Buffer.alloc(65536, 46));
  if (q.url === '/slow') return setTimeout(() => a.end('slow'), 300);
  if (q.url === '/burn') { const t = process.cpuUsage(); while (process.cpuUsage(t).user + process.cpuUsage(t).system < 200000); return a.end('burnt'); }
  if (q.url === '/self') return a.end(JSON.stringify({ pid: process.pid, startedAt: performance.timeOrigin, limit: limitOf(), used: usedOf(), count }));
  if (q.url === '/spool') { try { fs.writeFileSync('/scratch/spool', Buffer.alloc(65536, 1)); fs.rmSync('/scratch/spool'); return a.end('spooled'); } catch (e) { return a.end(e.code); } }
  if (q.url === '/upload') { fs.writeFileSync('/scratch/upload', Buffer.alloc(4194304, 1)); return a.end('uploading'); }
  if (q.url === '/uploaded') { fs.rmSync('/scratch/upload'); return a.end('uploaded'); }
  a.end(JSON.stringify({ text: '.'.repeat(200), kept: keep.length }));
}).listen(Number(process.env.PORT || 8000));
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });`;

export const databaseProgram = `
require('node:net').createServer(s => { s.on('error', () => {}); s.on('data', () => s.write('N')); }).listen(Number(process.env.PORT || 5432));`;

export interface Place {
  host: string;
  port: number;
}

/** What both toy labs provide to the tests. */
export interface ToyLab extends AsyncDisposable {
  docker: import('dockerode');
  /** Environment of the chaos service. */
  environment: Record<string, string> & { ENCORE_TOKEN_FILE: string };
  server: Place;
  database: Place;
  serverProxy: Place;
  postgresProxy: Place;
  toxiproxyUrl: string;
  container(name: 'server' | 'postgres' | 'toxiproxy'): import('dockerode').Container;
  /** A container of another project that looks like a target, where the engine can have one. */
  bystander: import('dockerode').Container;
}

/** Writes the description of a toy lab and returns its path. */
export function writeToySystem(
  folder: string,
  lab: Pick<ToyLab, 'server' | 'database' | 'serverProxy' | 'postgresProxy' | 'toxiproxyUrl'>,
  /** Kinds that need a real container, with the reason why this lab has none. */
  unsupported: Record<string, string> = {},
): string {
  const { containers, proxies, ...rest } = bundledSystem;
  const text = ({ host, port }: Place) => `${host}:${port}`;
  const addresses = (name: string, listen: Place, upstream: Place) => ({
    [name]: { ...proxies[name], listen: text(listen), upstream: text(upstream) },
  });
  const system = {
    ...rest,
    containers: {
      ...containers,
      server: { ...containers['server'], unsupported },
      toxiproxy: { proxyApi: lab.toxiproxyUrl },
    },
    proxies: {
      ...addresses('server:8000', lab.serverProxy, lab.server),
      ...addresses('postgres:5432', lab.postgresProxy, lab.database),
    },
  };
  const path = join(folder, 'system.json');
  writeFileSync(path, JSON.stringify(system));
  return path;
}

export function targetLabels(project: string, target: string): Record<string, string> {
  return {
    'com.docker.compose.project': project,
    'com.docker.compose.service': target,
    'encore.target': target,
    'encore.original.memory': String(memoryBytes),
    'encore.original.memswap': String(memoryBytes),
    'encore.original.cpus': '1',
  };
}
