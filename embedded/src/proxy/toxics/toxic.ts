/** A toxic: default attributes and a function on a stream of chunks. Times are in milliseconds. */

export interface Chunk {
  readonly data: Buffer;
  /** When the bytes reached the head of the stream, as `performance.now()`. */
  readonly arrivedAtMs: number;
}

/** What a toxic may do to its stream. */
export interface StreamControl {
  /** True once the stream's toxics have changed: forward what you hold and return. */
  readonly interrupted: boolean;
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Resolves early when the stream is interrupted or closed. */
  sleep(ms: number): Promise<void>;
  /** Closes both sides once everything forwarded is written. */
  close(): void;
  /** Sends a RST to both sides. */
  reset(): void;
}

/** State of a toxic on one stream; it survives a change of the toxic's attributes. */
export interface StreamMemory {
  bytesPassed: number;
}

export interface ToxicType<Name extends string> {
  readonly defaults: Readonly<Record<Name, number>>;
  /** Removing the toxic closes the connections that it affected. */
  readonly closesStreamsWhenRemoved?: boolean;
  pipe(
    chunks: AsyncIterable<Chunk>,
    attributes: Readonly<Record<Name, number>>,
    stream: StreamControl,
    memory: StreamMemory,
  ): AsyncIterable<Chunk>;
}
