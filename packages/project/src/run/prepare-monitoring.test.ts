import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Monitoring } from './monitoring-services.ts';
import { prepareMonitoring } from './prepare-monitoring.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const formerPath = process.env['PATH'];

describe('images of Prometheus and Grafana', () => {
  let folder = '';
  const lines: string[] = [];
  /** `script` is the command `docker`, which `image ls` and `pull` of an image call. */
  const prepared = (
    script: string,
    print: (line: string) => void = () => undefined,
    signal = new AbortController().signal,
  ): Promise<Monitoring | null> => {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\necho "$@" >>${folder}/calls\n${script}\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
    return prepareMonitoring({
      root,
      print: (line) => {
        lines.push(line);
        print(line);
      },
      signal,
    });
  };
  const calls = (): string => readFileSync(join(folder, 'calls'), 'utf8');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-images-'));
    lines.length = 0;
  });
  afterEach(() => {
    process.env['PATH'] = formerPath;
    rmSync(folder, { recursive: true });
  });

  it('are not pulled if they are there; the ports differ', async () => {
    const { ports } = (await prepared('echo abc')) ?? {};
    assert.ok(ports?.grafana && ports.prometheus && ports.grafana !== ports.prometheus);
    assert.doesNotMatch(calls(), /pull/);
    assert.deepEqual(lines, []);
  });

  it('are pulled once if they are missing', async () => {
    assert.notEqual((await prepared(''))?.ports.grafana, null);
    assert.match(calls(), /pull --quiet prom\/prometheus:v\S+\n(.*\n)pull --quiet grafana\/grafana:\d/);
    assert.match(
      lines.join('\n'),
      /^Pulling prom\/prometheus:\S+, once \(--no-dashboards leaves it out\)\nPulling grafana/,
    );
  });

  it('Grafana is left out if it cannot be pulled, with the reason and the option', async () => {
    const offline = 'case "$*" in *"pull --quiet grafana"*) echo "dial tcp: no route to host" >&2; exit 1;; esac';
    assert.equal((await prepared(offline))?.ports.grafana, null);
    const text = lines.at(-1) ?? '';
    assert.match(text, /^Grafana is left out of this run, .* grafana\/grafana:\S+ is not on this machine/);
    assert.match(text, /\n {2}dial tcp: no route to host\n/);
    assert.match(text, /--no-dashboards or "dashboards: false" in encore\.yaml/);
  });

  it('both are left out if Prometheus cannot be pulled', async () => {
    assert.equal(await prepared('[ "$1" != pull ] || exit 1'), null);
    assert.match(lines.at(-1) ?? '', /^Prometheus and Grafana are left out .*--no-dashboards/s);
  });

  it('an interrupted pull ends the run, and nothing is reported as left out', async () => {
    const stop = new AbortController();
    // At the line before the pull, which does not end on its own.
    const pulled = prepared('[ "$1" != pull ] || exec sleep 60', () => stop.abort(), stop.signal);
    await assert.rejects(pulled, { name: 'AbortError' });
    assert.equal(lines.length, 1);
  });
});
