import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';

const module = (path: string): string => JSON.stringify(join(import.meta.dirname, path));

/** Runs this program in front, in a process of its own that it may end, and reads what both say. */
function inFront(program: string): { said: () => string; kill: () => void; ended: Promise<number | null> } {
  const parent = `
    const { runInFront } = await import(${module('foreground.ts')});
    const { Reaper } = await import(${module('engine/reaper.ts')});
    const command = [process.execPath, '--eval', ${JSON.stringify(program)}];
    const code = await runInFront({ command, env: process.env, reaper: new Reaper('') });
    process.stdout.write(\`ended with \${code}\`);
    process.exit(0);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { said: () => text, kill: () => void child.kill('SIGINT'), ended };
}

const saying = (onSignal: string): string =>
  `let signals = 0; process.on('SIGINT', () => { signals += 1; ${onSignal} }); console.log('here'); setInterval(() => {}, 1_000);`;

describe('the program in front', function () {
  this.timeout(10_000);

  it('hears of the second signal too, has a last word, and all is over at once', async () => {
    const front = inFront(saying(`console.log('signal', signals); if (signals === 2) process.exit(7);`));
    await waitUntil('it', () => front.said().includes('here'), { timeoutMs: 5_000 });
    front.kill();
    await waitUntil('the first', () => front.said().includes('signal 1'), { timeoutMs: 5_000 });
    front.kill();
    assert.equal(await front.ended, 130);
    assert.equal(front.said(), 'here\nsignal 1\nsignal 2\n');
  });

  it('is ended when it does not leave by itself', async () => {
    const front = inFront(saying(`console.log('signal', signals);`));
    await waitUntil('it', () => front.said().includes('here'), { timeoutMs: 5_000 });
    front.kill();
    await waitUntil('the first', () => front.said().includes('signal 1'), { timeoutMs: 5_000 });
    front.kill();
    const at = performance.now();
    assert.equal(await front.ended, 130);
    assert.ok(performance.now() - at < 3_000);
  });

  it('gives its own exit code where nobody stops it', async () => {
    const front = inFront('process.exit(7)');
    assert.equal(await front.ended, 0);
    assert.equal(front.said(), 'ended with 7');
  });
});
