/** What a toxic is: default attributes and one function on a stream of chunks. Times are in milliseconds. */

export interface Chunk {
  readonly data: Buffer;
  /** When the bytes came in at the head of the link, however long they have waited since. */
  readonly arrivedAtMs: number;
}

/** What a toxic may do to the link that it sits in. */
export interface LinkControl {
  /** True once the link's toxics were changed: hand on what you hold and return. */
  readonly interrupted: boolean;
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Ends early when the link is interrupted or closed. */
  sleep(ms: number): Promise<void>;
  /** Hangs up on both sides, once everything that was handed on is written. */
  close(): void;
  /** Sends a RST to both sides. */
  reset(): void;
}

/** What a toxic remembers about one link; it outlives a change of the toxic's attributes. */
export interface LinkMemory {
  bytesPassed: number;
}

export interface ToxicType<Name extends string> {
  readonly defaults: Readonly<Record<Name, number>>;
  /** Taking the toxic away hangs up on the links that it held. */
  readonly closesLinksWhenRemoved?: boolean;
  pipe(
    chunks: AsyncIterable<Chunk>,
    attributes: Readonly<Record<Name, number>>,
    link: LinkControl,
    memory: LinkMemory,
  ): AsyncIterable<Chunk>;
}
