import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';

const module = (path: string): string => JSON.stringify(join(import.meta.dirname, path));

/** Runs `source` in the foreground of a child process and collects the output of both. */
function runInForeground(source: string): { output: () => string; kill: () => void; ended: Promise<number | null> } {
  const parent = `
    const { runInForeground } = await import(${module('foreground.ts')});
    const { Reaper } = await import(${module('engine/reaper.ts')});
    const command = [process.execPath, '--eval', ${JSON.stringify(source)}];
    const code = await runInForeground({ command, env: process.env, reaper: new Reaper('') });
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
  return { output: () => text, kill: () => void child.kill('SIGINT'), ended };
}

const printing = (onSignal: string): string =>
  `let signals = 0; process.on('SIGINT', () => { signals += 1; ${onSignal} }); console.log('here'); setInterval(() => {}, 1_000);`;

describe('program in the foreground', function () {
  this.timeout(180_000);

  it('receives the second signal, prints its last line and exits at once', async () => {
    const program = runInForeground(printing(`console.log('signal', signals); if (signals === 2) process.exit(7);`));
    await waitUntil('it', () => program.output().includes('here'), { timeoutMs: 60_000 });
    program.kill();
    await waitUntil('the first', () => program.output().includes('signal 1'), { timeoutMs: 60_000 });
    program.kill();
    assert.equal(await program.ended, 130);
    assert.equal(program.output(), 'here\nsignal 1\nsignal 2\n');
  });

  it('is killed when it ignores the second signal', async () => {
    const program = runInForeground(printing(`console.log('signal', signals);`));
    await waitUntil('it', () => program.output().includes('here'), { timeoutMs: 60_000 });
    program.kill();
    await waitUntil('the first', () => program.output().includes('signal 1'), { timeoutMs: 60_000 });
    program.kill();
    const at = performance.now();
    assert.equal(await program.ended, 130);
    assert.ok(performance.now() - at < 3_000);
  });

  it('passes on its exit code when no signal arrives', async () => {
    const program = runInForeground('process.exit(7)');
    assert.equal(await program.ended, 0);
    assert.equal(program.output(), 'ended with 7');
  });
});
