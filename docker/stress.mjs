// The only program that the chaos service runs inside a target: uses up memory or scratch space
// for a while, then releases it.
//
//   node stress.mjs memory BYTES SECONDS WITHIN  allocates memory, as the kernel's first choice for
//                                       an OOM kill; gives up if it takes longer than WITHIN s
//   node stress.mjs disk SECONDS        keeps ENCORE_SCRATCH_DIR (a small disk) full
//   node stress.mjs status              reports what is in use and what the scratch space has left
//   node stress.mjs stop                stops both
//
// Each prints one line of JSON. `memory` and `disk` answer once they have what they asked for, then
// continue in the background until SECONDS have passed, even if the caller is gone.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [what = '', ...numbers] = process.argv.slice(2);
const scratch = process.env.ENCORE_SCRATCH_DIR ?? '';
const filler = join(scratch, '.encore-stress');
const maxScratchBytes = 1_073_741_824;
const minBlockBytes = 8 * 1_048_576;
/** Pauses between blocks let the target react; their number does not depend on the amount. */
const maxBlocks = 100;
const refillMs = 50;
const print = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const others = () =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return argv[1]?.endsWith('stress.mjs') && argv[2]?.startsWith('background-') ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });

const space = () => {
  if (scratch === '') return { scratchBytes: 0, freeBytes: 0 };
  const { blocks, bavail, bsize } = statfsSync(scratch);
  return { scratchBytes: blocks * bsize, freeBytes: bavail * bsize };
};

/** Starts itself in the background and forwards the first line of output. */
function background(mode, args) {
  const child = spawn(process.execPath, [process.argv[1], `background-${mode}`, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.once('data', (line) => {
    process.stdout.write(line);
    process.exit(0);
  });
  child.once('exit', (code, signal) => {
    print({ taken: 0, why: `ended with ${signal ?? code}` });
    process.exit(1);
  });
}

const block = Buffer.alloc(1_048_576, 1);

/** Uses up the free space of the file system to the last byte; returns the number of bytes. */
function fill(file) {
  let taken = 0;
  for (let size = block.length; size >= 1; ) {
    try {
      taken += writeSync(file, block, 0, size);
    } catch {
      // No space for a block of this size: try a smaller one.
      size = Math.floor(size / 16);
    }
  }
  return taken;
}

const seconds = (text) => Math.max(1, Number(text) || 1);

switch (what) {
  case 'memory':
    background('memory', numbers);
    break;
  case 'disk': {
    const { scratchBytes } = space();
    // Never fill a disk of the host.
    if (scratchBytes === 0 || scratchBytes > maxScratchBytes)
      print({ taken: 0, why: `scratch space of ${scratchBytes} bytes` });
    else background('disk', numbers);
    break;
  }
  case 'background-memory': {
    const [bytes, time, within] = numbers.map(Number);
    writeFileSync('/proc/self/oom_score_adj', '1000');
    const giveUpAt = performance.now() + within * 1_000;
    const blockBytes = Math.max(minBlockBytes, Math.ceil(bytes / maxBlocks));
    const blocks = [];
    for (let taken = 0; taken < bytes; taken += blockBytes) {
      if (performance.now() > giveUpAt) {
        print({ taken: 0, why: `only ${taken} of ${bytes} bytes could be taken within ${within} s` });
        process.exit(1);
      }
      blocks.push(Buffer.alloc(Math.min(blockBytes, bytes - taken), 1));
      await sleep(5);
    }
    print({ taken: bytes });
    await sleep(seconds(time) * 1_000);
    process.exit(blocks.length === 0 ? 1 : 0);
    break;
  }
  case 'background-disk': {
    const endsAt = performance.now() + seconds(numbers[0]) * 1_000;
    const file = openSync(filler, 'w');
    process.on('SIGTERM', () => process.exit(0));
    print({ taken: fill(file) });
    // Take back space that the target frees in the meantime, such as a finished upload.
    for (; performance.now() < endsAt; fill(file)) await sleep(refillMs);
    closeSync(file);
    rmSync(filler, { force: true });
    process.exit(0);
    break;
  }
  case 'stop':
    for (const pid of others()) process.kill(pid, 'SIGKILL');
    while (others().length > 0) await sleep(20);
    if (scratch !== '') rmSync(filler, { force: true });
    print({ running: 0, ...space() });
    break;
  case 'status':
    print({ running: others().length, ...space() });
    break;
  default:
    print({ why: `unknown: ${what}` });
    process.exit(2);
}
