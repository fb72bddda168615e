/**
 * Writes a service's output to a file of bounded size: when full, it becomes `<name>.1` and a new
 * one begins.
 */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

const maxBytes = 5_000_000;

export class LogFile implements Disposable {
  readonly path: string;
  #descriptor: number;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'a');
  }

  write(data: Buffer): void {
    try {
      if (this.#bytes + data.length > maxBytes) this.#rotate();
      this.#bytes += data.length;
      writeSync(this.#descriptor, data);
    } catch {
      // A full disk must not end the lab, so the line is lost.
    }
  }

  #rotate(): void {
    closeSync(this.#descriptor);
    renameSync(this.path, `${this.path}.1`);
    this.#descriptor = openSync(this.path, 'w');
    this.#bytes = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
