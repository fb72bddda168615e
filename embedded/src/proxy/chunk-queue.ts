/** The chunks that a stream holds for its toxics, in the order of their arrival. */
import type { Chunk } from './toxics/toxic.ts';

export class ChunkQueue {
  readonly #chunks: Chunk[] = [];
  #bytes = 0;
  #ended = false;
  #waiting: PromiseWithResolvers<void> | null = null;

  get bytes(): number {
    return this.#bytes;
  }

  /** True once the source has ended; chunks may still be queued. */
  get ended(): boolean {
    return this.#ended;
  }

  push(data: Buffer): void {
    this.#chunks.push({ data, arrivedAtMs: performance.now() });
    this.#bytes += data.length;
    this.wake();
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.data.length ?? 0;
    return chunk;
  }

  end(): void {
    this.#ended = true;
    this.wake();
  }

  /** Resolves at the next chunk, at the end of the source, or at a call of `wake`. */
  changed(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  wake(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
