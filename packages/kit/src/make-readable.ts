/** Lets every user read a folder, whatever the umask was that it was written with. */
import { chmod, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const read = 0o444;
const execute = 0o111;

/** Like `chmod -R a+rX`: programs and folders become executable for all. Ignores links. */
export async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, ((await stat(folder)).mode & 0o7777) | read | execute);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    if (!entry.isFile()) continue;
    const mode = (await stat(path)).mode & 0o7777;
    const wanted = mode | read | (mode & execute ? execute : 0);
    if (wanted !== mode) await chmod(path, wanted);
  }
}
