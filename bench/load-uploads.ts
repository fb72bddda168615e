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
import { Random, systemClock } from '../packages/kit/src/index.ts';
import { Ledger } from '../services/loadgen/src/ledger.ts';
import { newScore } from '../services/loadgen/src/live-score.ts';
import { intendWrite, sendWrite } from '../services/loadgen/src/operations.ts';
import { saveMemory } from '../services/loadgen/src/save-memory.ts';
import { describeScore } from '../services/loadgen/src/score-generator.ts';
import { runStep } from '../services/loadgen/src/step.ts';
import { Pool } from '../services/loadgen/src/testing/reference-clients.ts';

const run = promisify(execFile);
const uploads = 100;
const megabytes = 50;
const limitMegabytes = 250;

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

/** The load generator's side, in its own process. */
async function upload(url: string, folder: string): Promise<ChildResult> {
  const dispatcher = new Pool(url, { connections: uploads, pipelining: 1 });
  await using ledger = await Ledger.open(folder, systemClock);
  const writes = [];
  for (let i = 0; i < uploads; i += 1) {
    const known = await describeScore({ seed: `upload-${i}`, targetBytes: (megabytes - 0.5) * 1e6 });
    const score = newScore(`upload-${i}`, known);
    writes.push(await intendWrite(ledger, i, { operation: 'create', score, upload: known, throughTools: false }));
  }
  const startedAt = performance.now();
  const ends = await Promise.all(
    writes.map((write, i) =>
      sendWrite(
        {
          ledger,
          run: (step) =>
            runStep(step, {
              dispatcher,
              clock: systemClock,
              random: new Random(i),
              operation: 'heavy',
              operationId: `upload-${i}`,
              user: i,
              clientId: `u${i}`,
              deadlineAt: systemClock.now() + 600_000,
              cancel: new AbortController().signal,
              backoffMs: [0, 0],
              attemptEnded: () => {},
              attempts: { count: 0 },
            }),
        },
        write,
      ),
    ),
  );
  await dispatcher.close();
  return {
    acknowledged: ends.filter((end) => end === 'ok').length,
    bytes: writes.reduce((sum, write) => sum + write.upload.bytes, 0),
    seconds: (performance.now() - startedAt) / 1_000,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  };
}

const [, , url, folder] = process.argv;
if (import.meta.main && url !== undefined && folder !== undefined) {
  saveMemory();
  process.stdout.write(JSON.stringify(await upload(url, folder)));
}
