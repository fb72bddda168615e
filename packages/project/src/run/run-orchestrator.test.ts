import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runOrchestrator } from './run-orchestrator.ts';

const formerPath = process.env['PATH'];

describe('orchestrator in its container', () => {
  let folder = '';
  const lines: string[] = [];
  /** `docker compose run` fails, as without an engine; `script` answers the other commands. */
  const run = (script: string, engineReturnsMs = 10_000): Promise<number | null> => {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\ncd ${folder}\ncase $1 in compose) exit 1;; ${script} esac\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
    const { signal } = new AbortController();
    const print = (line: string) => void lines.push(line);
    return runOrchestrator(['compose', 'run'], {
      container: 'it',
      signal,
      isTerminal: false,
      print,
      engineReturnsMs,
    });
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-orchestrator-'));
    lines.length = 0;
  });
  afterEach(() => {
    process.env['PATH'] = formerPath;
    rmSync(folder, { recursive: true });
  });

  it('waits for an engine that stops, attaches again, and returns the exit code of the container', async () => {
    const code = await run(
      `container) [ -e back ] || exit 1; if [ -e attached ]; then echo 130; else echo running; fi;;
      version) [ ! -e asked ] || touch back; touch asked; [ -e back ];;
      attach) touch attached; exit 9;;`,
    );
    assert.equal(code, 130);
    assert.deepEqual(lines, [
      'The container engine does not respond. Waiting up to 10 s for its return.',
      'The connection to the container engine was lost; the run continues in its containers.',
    ]);
  });

  it('knows no exit code if the engine does not return', async () => {
    assert.equal(await run('*) echo "no daemon" >&2; exit 1;;', 300), null);
    assert.match(lines.at(-1) ?? '', /^The container engine did not return within 0\.3 s: .*no daemon/s);
  });

  it('gives up on a container to which no connection lasts, and states what to do', async () => {
    assert.equal(await run('container) echo running;; attach) exit 1;;'), null);
    assert.match(lines.at(-1) ?? '', /^The connection to it was lost more than 10 times, .*run again\.$/);
  });

  it('fails if the container was not created', async () => {
    await assert.rejects(run('container) echo "No such container: it" >&2; exit 1;;'), {
      code: 'DOCKER_FAILED',
      message: /No such container: it/,
    });
    assert.deepEqual(lines, []);
  });
});
