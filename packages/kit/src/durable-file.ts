/** Files that survive a kill: an append-only file with fsync, and atomic replacement. */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** `append` resolves when the line is on disk. Concurrent appends share one fsync. */
export class AppendFile {
  readonly #file: FileHandle;
  #waiting: { text: string; done: () => void; failed: (error: unknown) => void }[] = [];
  #flushing: Promise<void> | null = null;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<AppendFile> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a');
    await syncFolder(dirname(path));
    return new AppendFile(file);
  }

  append(line: string): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ text: `${line}\n`, done, failed });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    // Waiting one turn of the event loop lets simultaneous appends share the fsync.
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        // `appendFile`, because a single `write` on a nearly full disk may write only a part.
        await this.#file.appendFile(batch.map(({ text }) => text).join(''));
        await this.#file.datasync();
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#flushing = null;
  }
}

/** Replaces a file atomically: temporary file, fsync, rename, fsync of the folder. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  {
    await using file = await open(temporary, 'w');
    await file.writeFile(data);
    await file.sync();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
