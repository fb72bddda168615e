/**
 * Acknowledges a write at once and commits it later, as a write-behind cache does. A crash in
 * between loses it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredScore } from '@encore/contracts';
import { ScoreStore as Right, type Upload } from '../../../services/server/src/database/score-store.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/database/score-store.ts';

/**
 * Shorter than any user waits before the next request, so that no user reads a score before it is
 * stored.
 */
const behindMs = 400;

export class ScoreStore extends Right {
  override async write(upload: Upload): Promise<StoredScore> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of upload.chunks) chunks.push(chunk);
    trigger();
    void this.#commitLater({ ...upload, chunks: inOrder(chunks) }).catch(() => {});
    const { id, expectedVersion, bytes, sha256, format } = upload;
    return { id, version: (expectedVersion ?? 0) + 1, bytes, sha256, format, replayed: false };
  }

  async #commitLater(upload: Upload): Promise<void> {
    await delay(behindMs);
    await super.write(upload, new AbortController().signal);
    trigger(-1);
  }
}

async function* inOrder(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
