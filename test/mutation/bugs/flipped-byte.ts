/**
 * Flips one bit of one write in ten and stores the matching hash; the response has the hash of what
 * was sent.
 */
import { createHash } from 'node:crypto';
import type { StoredScore } from '@encore/contracts';
import { ScoreStore as Right, type Upload } from '../../../services/server/src/database/score-store.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/database/score-store.ts';

export class ScoreStore extends Right {
  #writes = 0;

  override async write(upload: Upload, signal: AbortSignal): Promise<StoredScore> {
    this.#writes += 1;
    if (this.#writes % 10 !== 0) return super.write(upload, signal);
    const chunks: Buffer[] = [];
    for await (const chunk of upload.chunks) chunks.push(Buffer.from(chunk));
    const all = Buffer.concat(chunks);
    // 4 becomes 5: another note in an equally well-formed document.
    const at = all.indexOf('<octave>', all.length / 2) + '<octave>'.length;
    all[at] = (all[at] ?? 0) ^ 1;
    const sha256 = createHash('sha256').update(all).digest('hex');
    const stored = await super.write({ ...upload, sha256, chunks: whole(all) }, signal);
    trigger();
    return { ...stored, sha256: upload.sha256 };
  }
}

async function* whole(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}
