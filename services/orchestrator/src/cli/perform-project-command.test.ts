import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '@encore/contracts';
import { systemClock } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readWiring } from '../config.ts';
import { performProjectCommand } from './perform-project-command.ts';

const former = process.cwd();

describe('performProjectCommand', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-command-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(former);
    rmSync(folder, { recursive: true });
  });

  it('prints a line at once, and states that Ctrl-C ended it before the run began', async () => {
    writeFileSync('encore.yaml', 'system: {}');
    const stop = new AbortController();
    const lines: string[] = [];
    const print = (line: string): void => {
      lines.push(line);
      stop.abort();
    };
    const options = { flags: {}, monitor: false, dryRun: false, keep: false, dashboards: false };
    const command = { name: 'run-project', ...options } as const;
    const display = { output: process.stdout };
    const context = { wiring: readWiring({}), env: {}, display, clock: systemClock, stop: stop.signal };
    assert.equal(await performProjectCommand(command, context, print), exitCodes.INTERRUPTED);
    assert.deepEqual(lines, ['Reading the project', 'Interrupted before the run began, so there is no report.']);
  });
});
