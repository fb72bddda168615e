/**
 * Memory of the load generator during 100 concurrent uploads of 50 MB. The scores are generated
 * while they are sent, checked by hash on the server, and acknowledged through the ledger as in a
 * run. Limit: under 250 MB resident in the load generator's process.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../packages/kit/src/index.ts';
import { Ledger } from '../services/loadgen/src/ledger.ts';
import { saveMemory } from '../services/loadgen/src/save-memory.ts';
import { operationFields } from '../services/loadgen/src/worker/messages.ts';
import { WorkloadHost } from '../services/loadgen/src/workload-host.ts';
import { startThread } from '../services/loadgen/src/workload-thread.ts';

const run = promisify(execFile);
const uploads = 100;
const limitMegabytes = 250;
const paceSeconds = 3_600;

interface ChildResult {
  acknowledged: number;
  bytes: number;
  seconds: number;
  peakBytes: number;
}

export async function benchLoadUploads(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-bench-uploads-'));
  const server = createServer(async (request, response) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const stored = {
      id: request.url?.split('/')[2],
      version: 1,
      bytes,
      sha256: hash.digest('hex'),
      format: 'musicxml',
    };
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...stored, replayed: false }));
  });
  try {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const args = [import.meta.filename, `http://127.0.0.1:${port}`, folder];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 20 });
    const { acknowledged, bytes, seconds, peakBytes } = JSON.parse(stdout) as ChildResult;
    const peak = peakBytes / 1e6;
    print(
      `${acknowledged} of ${uploads} uploads acknowledged, ${(bytes / 1e9).toFixed(1)} GB in ${seconds.toFixed(1)} s`,
    );
    print(`peak memory of the generator: ${peak.toFixed(0)} MB (limit ${limitMegabytes})`);
    return { ok: acknowledged === uploads && peak < limitMegabytes };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The load generator's side, in its own process: each user uploads one score. */
async function upload(targetUrl: string, folder: string): Promise<ChildResult> {
  const options = {
    workload: import.meta.resolve('./load-uploads-workload.ts'),
    targetUrl,
    backoffMs: [0, 0],
  } as const;
  await using ledger = await Ledger.open(folder, systemClock);
  await using host = await WorkloadHost.open(options, startThread, systemClock);
  const result = { acknowledged: 0, bytes: 0, seconds: 0, peakBytes: 0 };
  const done = Promise.withResolvers<void>();
  host.listener = {
    write: async (entry, bytes) => {
      await ledger.write(entry);
      if (entry.type === 'acknowledged') {
        result.acknowledged += 1;
        result.bytes += bytes;
      }
    },
    report: ({ operations }) => {
      ended += operations.length / operationFields;
      if (ended === uploads) done.resolve();
    },
    failed: ({ problem }) => done.reject(new Error(problem)),
    loopDelay: () => {},
    died: () => done.reject(new Error('the thread of the workload ended')),
  };
  let ended = 0;
  const startedAt = performance.now();
  // A user's first operation follows one pace after its start, so it is due now. The second one is
  // an hour away.
  const startsAt = systemClock.now() - paceSeconds * 1_000;
  const users = Array.from({ length: uploads }, (_, i) => ({ number: i + 1, startsAt }));
  const run = { runId: 'bench', seed: 1, users: uploads, mix: { upload: 1 } };
  const thinkSeconds = { min: paceSeconds, max: paceSeconds };
  const running = host.runUsers({ ...run, thinkSeconds, parameters: host.description.parameters }, users);
  await done.promise;
  result.seconds = (performance.now() - startedAt) / 1_000;
  host.stop();
  await running;
  result.peakBytes = process.resourceUsage().maxRSS * 1_024;
  return result;
}

const [, , url, folder] = process.argv;
if (import.meta.main && url !== undefined && folder !== undefined) {
  saveMemory();
  process.stdout.write(JSON.stringify(await upload(url, folder)));
}
