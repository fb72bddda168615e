/**
 * One direction of one proxied connection.
 *
 *   source socket ─▶ queue ─▶ toxic ─▶ toxic ─▶ ... ─▶ destination socket
 *
 * Without toxics, chunks go straight to the destination. With toxics, chunks are stamped and queued
 * as they arrive, and a pass of generators pulls them through. A change of the toxics interrupts
 * the pass: each toxic forwards what it holds and a new pass begins. The change does not wait for a
 * writer, so a stuck client cannot block the proxy's API.
 * Back-pressure: the source is paused while the queue is full or the destination does not drain.
 */
import type { Socket } from 'node:net';
import { ChunkQueue } from './chunk-queue.ts';
import type { ToxicSetting } from './toxic-setting.ts';
import type { Chunk, StreamControl, StreamMemory } from './toxics/toxic.ts';
import { toxicTypes } from './toxics/toxic-types.ts';

/**
 * Maximum that a stream buffers; at 300 ms of latency, 1 MB allows about 3 MB/s.
 */
const queueLimitBytes = 1_048_576;

interface ActiveToxic {
  readonly setting: ToxicSetting;
  readonly acts: boolean;
  readonly memory: StreamMemory;
}

export interface StreamEnds {
  readonly source: Socket;
  readonly destination: Socket;
  /** Closes or resets both sockets. */
  hangUp(kind: 'close' | 'reset'): void;
  /** Called when nothing more will be written to the destination. */
  done(): void;
}

type State =
  /** Without toxics. */
  | { kind: 'straight' }
  | { kind: 'passing'; pass: Pass; queue: ChunkQueue }
  /** Nothing more is written to the destination; further input is dropped. */
  | { kind: 'closed' };

export class Stream {
  readonly #ends: StreamEnds;
  readonly #random: () => number;
  #toxics = new Map<string, ActiveToxic>();
  #state: State = { kind: 'straight' };

  constructor(ends: StreamEnds, random: () => number, toxics: readonly ToxicSetting[]) {
    this.#ends = ends;
    this.#random = random;
    this.setToxics(toxics);
    const { source, destination } = ends;
    source.on('data', (data: Buffer) => this.#receive(data));
    source.on('end', () => this.#endOfSource());
    source.on('close', () => this.#endOfSource());
    destination.on('drain', () => this.#adjustFlow());
    destination.on('close', () => this.#destinationClosed());
  }

  setToxics(settings: readonly ToxicSetting[]): void {
    const before = this.#toxics;
    this.#toxics = new Map();
    for (const setting of settings) {
      const known = before.get(setting.name);
      const active =
        known?.setting === setting
          ? known
          : {
              setting,
              acts: this.#random() < setting.toxicity,
              memory: known?.memory ?? { bytesPassed: 0 },
            };
      this.#toxics.set(setting.name, active);
    }
    const removed = [...before.values()].filter(({ setting }) => !this.#toxics.has(setting.name));
    if (removed.some(({ setting, acts }) => acts && toxicTypes.get(setting.type)?.closesStreamsWhenRemoved))
      this.#ends.hangUp('close');
    if (this.#state.kind === 'passing') this.#state.pass.interrupt();
    else if (this.#state.kind === 'straight' && this.#toxics.size > 0) void this.#passChunks();
  }

  #receive(data: Buffer): void {
    if (this.#state.kind === 'passing') this.#state.queue.push(data);
    else if (this.#state.kind === 'straight') this.#ends.destination.write(data);
    this.#adjustFlow();
  }

  #adjustFlow(): void {
    if (this.#isFull) this.#ends.source.pause();
    else this.#ends.source.resume();
  }

  get #isFull(): boolean {
    if (this.#state.kind === 'passing') return this.#state.queue.bytes >= queueLimitBytes;
    return this.#state.kind === 'straight' && this.#ends.destination.writableNeedDrain;
  }

  #endOfSource(): void {
    if (this.#state.kind === 'passing') this.#state.queue.end();
    else if (this.#state.kind === 'straight') this.#finish();
  }

  #finish(): void {
    this.#state = { kind: 'closed' };
    this.#ends.destination.end();
    this.#ends.done();
  }

  /** The opposite stream sees the same close as the end of its source. */
  #destinationClosed(): void {
    if (this.#state.kind === 'passing') this.#state.pass.interrupt();
    this.#state = { kind: 'closed' };
    this.#ends.source.resume();
    this.#ends.done();
  }

  get #isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** Pulls chunks through the toxics, pass after pass, until there are no toxics. */
  async #passChunks(): Promise<void> {
    const queue = new ChunkQueue();
    while (this.#toxics.size > 0 && !this.#isClosed) {
      const pass = new Pass(this.#ends, this.#random, () => queue.wake());
      this.#state = { kind: 'passing', pass, queue };
      let chunks: AsyncIterable<Chunk> = this.#take(queue, pass);
      for (const { setting, acts, memory } of this.#toxics.values()) {
        const type = toxicTypes.get(setting.type);
        if (type && acts) chunks = type.pipe(chunks, { ...type.defaults, ...setting.attributes }, pass, memory);
      }
      for await (const chunk of chunks) {
        if (this.#isClosed) return;
        if (!this.#ends.destination.write(chunk.data)) await this.#drained();
      }
      if (!pass.interrupted) return this.#finish();
    }
    if (!this.#isClosed) this.#goStraight(queue);
  }

  /** Writes the queue after the last toxic was removed, then lets chunks pass as they arrive. */
  #goStraight(queue: ChunkQueue): void {
    this.#state = { kind: 'straight' };
    for (let chunk = queue.shift(); chunk; chunk = queue.shift()) this.#ends.destination.write(chunk.data);
    if (queue.ended) this.#finish();
    else this.#adjustFlow();
  }

  /**
   * The head of a pass: yields queued chunks in order until the source ends or the pass is
   * interrupted.
   */
  async *#take(queue: ChunkQueue, pass: Pass): AsyncGenerator<Chunk> {
    while (!pass.interrupted) {
      const chunk = queue.shift();
      if (chunk) {
        this.#adjustFlow();
        yield chunk;
      } else if (queue.ended) {
        return;
      } else {
        await queue.changed();
      }
    }
  }

  #drained(): Promise<void> {
    const { destination } = this.#ends;
    if (destination.destroyed) return Promise.resolve();
    return new Promise((done) => {
      const over = () => {
        destination.off('drain', over).off('close', over);
        done();
      };
      destination.on('drain', over).on('close', over);
    });
  }
}

/** The stretch of a stream between two changes of its toxics. */
class Pass implements StreamControl {
  interrupted = false;
  readonly #ends: StreamEnds;
  readonly #wakeHead: () => void;
  readonly #sleepers = new Set<() => void>();
  readonly random: () => number;

  constructor(ends: StreamEnds, random: () => number, wakeHead: () => void) {
    this.#ends = ends;
    this.random = random;
    this.#wakeHead = wakeHead;
  }

  nowMs(): number {
    return performance.now();
  }

  sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.interrupted) return Promise.resolve();
    return new Promise((done) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        done();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
    });
  }

  interrupt(): void {
    this.interrupted = true;
    for (const wake of [...this.#sleepers]) wake();
    this.#wakeHead();
  }

  close(): void {
    this.#ends.hangUp('close');
  }

  reset(): void {
    this.#ends.hangUp('reset');
  }
}
