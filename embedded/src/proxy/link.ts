/**
 * One direction of one connection.
 *
 *   source socket ─▶ queue ─▶ toxic ─▶ toxic ─▶ ... ─▶ destination socket
 *
 * Without toxics, chunks go straight to the destination. With toxics, chunks are stamped and queued as they arrive and a
 * pass of generators pulls them through. A change of the toxics interrupts the pass: each toxic hands on what it holds,
 * and a new pass begins; nobody waits for a writer, so a stuck client cannot freeze the proxy's API.
 * Back-pressure: the source is paused while the queue is full or the destination does not drain.
 */
import type { Socket } from 'node:net';
import type { ToxicSetting } from './toxic-setting.ts';
import type { Chunk, LinkControl, LinkMemory } from './toxics/toxic.ts';
import { toxicTypes } from './toxics/toxic-types.ts';

/** What a link may hold back, for example while it delays: 1 MiB at 300 ms of latency still passes 3 MB/s. */
const queueLimitBytes = 1_048_576;

interface ActiveToxic {
  readonly setting: ToxicSetting;
  readonly acts: boolean;
  readonly memory: LinkMemory;
}

export interface LinkEnds {
  readonly source: Socket;
  readonly destination: Socket;
  /** Both sides at once. */
  hangUp(how: 'close' | 'reset'): void;
  /** Nothing more will be written to the destination. */
  done(): void;
}

export class Link {
  readonly #ends: LinkEnds;
  readonly #random: () => number;
  #toxics = new Map<string, ActiveToxic>();
  #queue: Chunk[] = [];
  #queuedBytes = 0;
  #sourceEnded = false;
  #closed = false;
  /** The running pass, or null while chunks go straight through. */
  #pass: Pass | null = null;
  #chunkArrived: (() => void) | null = null;

  constructor(ends: LinkEnds, random: () => number, toxics: readonly ToxicSetting[]) {
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
    if (removed.some(({ setting, acts }) => acts && toxicTypes.get(setting.type)?.closesLinksWhenRemoved))
      this.#ends.hangUp('close');
    if (this.#pass) this.#pass.interrupt();
    else if (this.#toxics.size > 0 && !this.#closed) void this.#run();
  }

  #receive(data: Buffer): void {
    if (this.#closed) return;
    if (this.#pass) {
      this.#queue.push({ data, arrivedAtMs: performance.now() });
      this.#queuedBytes += data.length;
      this.#chunkArrived?.();
    } else {
      this.#ends.destination.write(data);
    }
    this.#adjustFlow();
  }

  #adjustFlow(): void {
    const full = this.#pass ? this.#queuedBytes >= queueLimitBytes : this.#ends.destination.writableNeedDrain;
    if (full) this.#ends.source.pause();
    else this.#ends.source.resume();
  }

  #endOfSource(): void {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    if (this.#pass) this.#chunkArrived?.();
    else this.#finish();
  }

  #finish(): void {
    this.#ends.destination.end();
    this.#ends.done();
  }

  /** What still comes in is dropped; the link back sees the same close as its end, in its own time. */
  #destinationClosed(): void {
    this.#closed = true;
    this.#pass?.interrupt();
    this.#queue = [];
    this.#ends.source.resume();
    this.#ends.done();
  }

  async #run(): Promise<void> {
    while (this.#toxics.size > 0 && !this.#closed) {
      const pass = new Pass(this.#ends, this.#random, () => this.#chunkArrived?.());
      this.#pass = pass;
      let chunks: AsyncIterable<Chunk> = this.#take(pass);
      for (const { setting, acts, memory } of this.#toxics.values()) {
        const type = toxicTypes.get(setting.type);
        if (type && acts) chunks = type.pipe(chunks, { ...type.defaults, ...setting.attributes }, pass, memory);
      }
      for await (const chunk of chunks) {
        if (this.#closed) return;
        if (!this.#ends.destination.write(chunk.data)) await this.#drained();
      }
      if (!pass.interrupted) return this.#finish();
    }
    this.#goStraight();
  }

  /** The last toxic was removed: write what is queued, then let chunks pass as they come. */
  #goStraight(): void {
    this.#pass = null;
    if (this.#closed) return;
    for (const { data } of this.#queue) this.#ends.destination.write(data);
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#sourceEnded) this.#finish();
    else this.#adjustFlow();
  }

  /** The head of a pass: what is queued, in order, until the source ends or the pass is interrupted. */
  async *#take(pass: Pass): AsyncGenerator<Chunk> {
    while (!pass.interrupted) {
      const chunk = this.#queue.shift();
      if (chunk) {
        this.#queuedBytes -= chunk.data.length;
        this.#adjustFlow();
        yield chunk;
      } else if (this.#sourceEnded) {
        return;
      } else {
        await new Promise<void>((arrived) => {
          this.#chunkArrived = arrived;
        });
        this.#chunkArrived = null;
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

/** One uninterrupted stretch of a link's life, as its toxics see it. */
class Pass implements LinkControl {
  interrupted = false;
  readonly #ends: LinkEnds;
  readonly #wakeHead: () => void;
  readonly #sleepers = new Set<() => void>();
  readonly random: () => number;

  constructor(ends: LinkEnds, random: () => number, wakeHead: () => void) {
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
