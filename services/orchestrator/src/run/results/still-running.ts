/** Detects a run that may still be running: its history has no end and was written to recently. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFile } from '../../judge/read/run-folder.ts';

/** Three times the interval of the injector's samples, which continue when all else is silent. */
const silentMs = 15_000;
/** Enough for the last line, which is the end event. */
const tailBytes = 16_384;

/** Milliseconds since the last write, if the run has no end and wrote recently; else null. */
export async function writtenAgoMs(runFolder: string, now: number): Promise<number | null> {
  await using file = await open(join(runFolder, historyFile));
  const { mtimeMs, size } = await file.stat();
  const agoMs = Math.max(0, now - mtimeMs);
  if (agoMs > silentMs) return null;
  const start = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, start);
  return buffer.toString('utf8', 0, bytesRead).includes('"type":"run_ended"') ? null : agoMs;
}
