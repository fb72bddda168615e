/**
 * The monitor in a real terminal (tmux), small and large: it fits, `q` leaves it while the run
 * continues, Ctrl-C ends the run. In a terminal that is too small it prints the size that it
 * needs, and shows the run once the terminal is enlarged.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FakeServices } from '../../services/orchestrator/src/testing/fake-services.ts';
import { root, runCommand } from '../support/command.ts';

/** Of a server for each test: one that is ending may still accept a connection. */
let socket = '';
let servers = 0;
const main = join(root, 'services', 'orchestrator', 'src', 'main.ts');

async function tmux(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
    timeoutMs: 30_000,
  });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('monitor in a terminal', function () {
  this.timeout(240_000);
  let lab: FakeServices;

  beforeEach(async function () {
    const found = await runCommand('tmux', ['-V'], { timeoutMs: 5_000 }).catch(() => null);
    if (found === null) {
      console.log('      skipped: there is no tmux here');
      this.skip();
    }
    servers += 1;
    socket = `encore-${process.pid}-${servers}`;
    lab = await FakeServices.start();
  });
  afterEach(async () => {
    await runCommand('tmux', ['-L', socket, 'kill-server'], { timeoutMs: 5_000 }).catch(() => null);
    await lab?.[Symbol.asyncDispose]();
  });

  const commandWith = (more: Record<string, string> = {}): string => {
    const words = Object.entries({ ...lab.environment, ...more }).map(([name, value]) => `${name}='${value}'`);
    return `env -u NO_COLOR -u FORCE_COLOR -u CI ${words.join(' ')} '${process.execPath}' '${main}' ${lab.shortRun.join(' ')}; echo code $?; exec sleep 180`;
  };

  for (const [name, env, coloured] of [
    ['has colours', {}, true],
    ['has none with NO_COLOR', { NO_COLOR: '1' }, false],
  ] as const) {
    it(name, async () => {
      await tmux('new-session', '-d', '-x', '80', '-y', '30', commandWith(env));
      let screen = '';
      const isSteady = async (): Promise<boolean> => {
        screen = await tmux('capture-pane', '-p', '-e');
        return screen.includes('q: close') && screen.includes('steady');
      };
      await waitUntil('a steady run', isSteady, { timeoutMs: 60_000 });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal is sent
      assert.equal(/\x1b\[[0-9;]*[1-9]m/.test(screen), coloured, screen);
    });
  }

  for (const [columns, rows] of [
    [80, 24],
    [200, 60],
  ] as const) {
    it(`fits ${columns}x${rows}; q closes it, Ctrl-C reverts and reports`, async () => {
      // A terminal stays a terminal where CI runs the tests.
      await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), commandWith({ CI: 'true' }));
      const screen = () => tmux('capture-pane', '-p', '-S', '-100');
      const until = async (text: string): Promise<string> => {
        let last = '';
        const isThere = async (): Promise<boolean> => {
          last = await screen();
          return last.includes(text);
        };
        await waitUntil(`"${text}" on the screen`, isThere, { timeoutMs: 60_000 }).catch((error: unknown) =>
          assert.fail(`${String(error)}\n${last}`),
        );
        return last;
      };
      await until('steady');
      await tmux('resize-window', '-x', '60', '-y', '12');
      const small = await until('needs 80x24');
      assert.ok(small.includes('has 60x12') && !small.includes('KILLS'), small);
      await tmux('resize-window', '-x', String(columns), '-y', String(rows));
      const shown = await until('100.0 % success');
      assert.doesNotMatch(shown, /needs 80x24/);
      for (const word of [
        'ENCORE',
        'server',
        'ready',
        'success',
        'memory',
        'next',
        'KILLS',
        'RECENT ALERTS',
        'active',
        ...(rows >= 36 ? ['SYSTEM METRICS', 'PID 4711', 'cores'] : []),
        'page http://',
        'q: close',
      ])
        assert.ok(shown.includes(word), `${word} in\n${shown}`);
      assert.equal(shown.trimEnd().split('\n').length <= rows, true, shown);
      await tmux('send-keys', 'q');
      const lines = await until('phase steady');
      assert.ok(!lines.includes('q: close'), lines);
      await tmux('send-keys', 'C-c');
      const end = await until('code ');
      assert.match(end, /code 130/);
    });
  }
});
