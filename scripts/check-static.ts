/**
 * Runs the checks that need no test at the same time: format and lint, types, dead code. Prints what each of them printed, one
 * after the other, and ends with 1 if one of them failed.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const commands = ['biome ci .', 'tsc --noEmit', 'knip'];

async function run(command: string): Promise<{ command: string; passed: boolean; output: string; seconds: string }> {
  const startedAt = performance.now();
  const [file = '', ...args] = command.split(' ');
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0));
  });
  const [passed, ...outputs] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  return { command, passed, output: outputs.join('').trim(), seconds };
}

const results = await Promise.all(commands.map(run));
for (const { command, passed, output, seconds } of results)
  console.log(`\n${command}: ${passed ? 'passed' : 'FAILED'} after ${seconds} s\n${output}`.trimEnd());
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
