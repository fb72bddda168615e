/** May a recorded run still go on? Its history has no end, and somebody wrote to it just now: there are events every second. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFile } from '../judge/run-folder.ts';

/** The injector samples its targets every 5 s, whatever else is silent. */
const silentMs = 15_000;
/** The end is the last line. */
const tailBytes = 16_384;

/** Milliseconds since the last line of a run that may go on (or was killed just now); null for one that is over. */
export async function writtenAgoMs(runFolder: string, now: number): Promise<number | null> {
  await using file = await open(join(runFolder, historyFile));
  const { mtimeMs, size } = await file.stat();
  const agoMs = Math.max(0, now - mtimeMs);
  if (agoMs > silentMs) return null;
  const start = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, start);
  return buffer.toString('utf8', 0, bytesRead).includes('"type":"run_ended"') ? null : agoMs;
}
