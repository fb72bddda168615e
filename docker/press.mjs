// The one program that the chaos service may run inside a target: takes memory or scratch space for a while, and gives it back.
//
//   node press.mjs memory BYTES SECONDS WITHIN   takes memory, as the first to be killed when there is none left;
//                                         gives all of it back if that takes longer than WITHIN seconds
//   node press.mjs disk SECONDS           keeps ENCORE_SCRATCH_DIR full, which must be a small file system of its own
//   node press.mjs look                   says what is taken now, and what the scratch space has left
//   node press.mjs stop                   ends both
//
// Each prints one line of JSON. `memory` and `disk` answer once they have what they wanted and stay in the background until
// their time is over, whatever happens to whoever asked.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [what = '', ...numbers] = process.argv.slice(2);
const scratch = process.env.ENCORE_SCRATCH_DIR ?? '';
const filler = join(scratch, '.encore-press');
const maxSeconds = 600;
const maxScratchBytes = 1_073_741_824;
const minBlockBytes = 8 * 1_048_576;
/** Pauses between blocks let the target react; their number does not grow with the amount. */
const maxBlocks = 100;
const refillMs = 50;
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const others = () =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[1]?.endsWith('press.mjs') && words[2]?.startsWith('background-') ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });

const space = () => {
  if (scratch === '') return { scratchBytes: 0, freeBytes: 0 };
  const { blocks, bavail, bsize } = statfsSync(scratch);
  return { scratchBytes: blocks * bsize, freeBytes: bavail * bsize };
};

/** Starts itself in the background and passes on the first line that it says. */
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
    say({ taken: 0, why: `ended with ${signal ?? code}` });
    process.exit(1);
  });
}

const block = Buffer.alloc(1_048_576, 1);

/** Takes what is free, down to the last byte; the file system is the bound. */
function fill(file) {
  let taken = 0;
  for (let size = block.length; size >= 1; ) {
    try {
      taken += writeSync(file, block, 0, size);
    } catch {
      // Full for blocks of this size: try smaller ones.
      size = Math.floor(size / 16);
    }
  }
  return taken;
}

const seconds = (text) => Math.min(maxSeconds, Math.max(1, Number(text) || 1));

switch (what) {
  case 'memory':
    background('memory', numbers);
    break;
  case 'disk': {
    const { scratchBytes } = space();
    // A host's own disk is never filled.
    if (scratchBytes === 0 || scratchBytes > maxScratchBytes)
      say({ taken: 0, why: `scratch space of ${scratchBytes} bytes` });
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
        say({ taken: 0, why: `only ${taken} of ${bytes} bytes could be taken within ${within} s` });
        process.exit(1);
      }
      blocks.push(Buffer.alloc(Math.min(blockBytes, bytes - taken), 1));
      await sleep(5);
    }
    say({ taken: bytes });
    await sleep(seconds(time) * 1_000);
    process.exit(blocks.length === 0 ? 1 : 0);
    break;
  }
  case 'background-disk': {
    const endsAt = performance.now() + seconds(numbers[0]) * 1_000;
    const file = openSync(filler, 'w');
    process.on('SIGTERM', () => process.exit(0));
    say({ taken: fill(file) });
    // Whoever frees space while this lasts, such as an upload that ends, does not get it back.
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
    say({ running: 0, ...space() });
    break;
  case 'look':
    say({ running: others().length, ...space() });
    break;
  default:
    say({ why: `unknown: ${what}` });
    process.exit(2);
}
