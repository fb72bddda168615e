/**
 * Workloads of public OpenAPI documents against servers made from the same documents, and the table
 * of what is kept and left out in docs/WORKLOADS.md.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LoadRunRequest } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { initOpenApi } from '@encore/project';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { inThread } from '../../../services/loadgen/src/testing/in-thread.ts';
import { TestLoad } from '../../../services/loadgen/src/testing/test-load.ts';
import { root } from '../../support/command.ts';
import { MockServer } from './mock-server.ts';

const documents = {
  'Swagger Petstore': '@readme/oas-examples/2.0/json/petstore.json',
  STAPI: '@readme/oas-examples/3.0/json/star-trek.json',
  'Train Travel API': '@readme/oas-examples/3.1/json/train-travel.json',
  'ReadMe API': '@readme/oas-examples/3.1/json/readme.json',
  'Figma API': '@figma/rest-api-spec/openapi/openapi.yaml',
};

/** What the table calls a reason. */
const reasons: [RegExp, string][] = [
  [/for which the document has no example$/, 'no example of a parameter'],
  [/^there is no GET/, 'no GET of the result'],
  [/^it changes an object that must exist/, 'changes an object'],
  [/^no operation that is kept creates/, 'deletes what nothing creates'],
  [/^no field of its response/, 'no id in the response'],
  [/ matches the pattern /, 'a pattern without an example'],
  [/^it is deprecated$/, 'deprecated'],
  [/^its body is not JSON;/, 'a body that is not JSON'],
];

interface Written {
  text: string;
  kept: number;
  /** `METHOD path: reason` */
  leftOut: string[];
}

describe('workloads of public OpenAPI documents', function () {
  this.timeout(300_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-openapi-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [title, path] of Object.entries(documents)) {
    it(`${title}: uses each operation that is kept, and sends nothing that the document forbids`, async () => {
      const { document, written } = await write(path);
      await using mock = await MockServer.start(document);
      await using bench = await usersOf(mock);
      await bench.start(requestOf(written.text));
      const isUsed = () => mock.refused.length > 0 || mock.accepted.size === written.kept;
      await waitUntil('each operation', isUsed, { timeoutMs: 120_000 });
      await bench.load.stop();
      assert.deepEqual(mock.refused, []);
      assert.deepEqual(bench.failedAttempts(), []);
      assert.deepEqual(bench.ofType('workload_failed'), []);
      if (/^readBack:/m.test(written.text)) {
        const { acknowledged, readBack, lost, corrupt } = await bench.readBack(true);
        assert.ok(acknowledged > 0 && readBack === acknowledged);
        assert.deepEqual([lost, corrupt], [0, 0]);
      }
      for (const [operation, bodies] of mock.accepted)
        if (/^POST/.test(operation)) assert.equal(new Set(bodies).size, bodies.length, `${operation} repeats a body`);
    });
  }

  it('find a server that shows what another object contains', async () => {
    for (const path of [documents['Swagger Petstore'], documents['Train Travel API']]) {
      const { document, written } = await write(path);
      await using mock = await MockServer.start(document);
      mock.mixesUp = true;
      await using bench = await usersOf(mock);
      await bench.start(requestOf(written.text));
      const isFound = () => bench.failedAttempts().some(({ outcome }) => outcome === 'corrupt');
      await waitUntil('a corrupt response', isFound, { timeoutMs: 60_000 });
    }
  });

  it('are as the table of docs/WORKLOADS.md shows them', async () => {
    const rows = [];
    for (const [title, path] of Object.entries(documents)) {
      const { document, written } = await write(path);
      const { kept, leftOut } = written;
      const counts = new Map<string, number>();
      for (const line of leftOut) {
        const reason = line.slice(line.indexOf(': ') + 2);
        const [, name] = reasons.find(([pattern]) => pattern.test(reason)) ?? assert.fail(line);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      const cells = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`);
      assert.equal(document.info.title, title);
      rows.push(
        `| ${title} | ${document.swagger ?? document.openapi} | ${kept} of ${kept + leftOut.length} | ${cells.join(', ')} |`,
      );
    }
    const page = await readFile(join(root, 'docs/WORKLOADS.md'), 'utf8');
    assert.ok(
      page.includes(`| --- | --- | --- | --- |\n${rows.join('\n')}\n`),
      `the table should be\n${rows.join('\n')}`,
    );
  });

  async function write(path: string): Promise<{ document: ReturnType<typeof parse>; written: Written }> {
    const file = fileURLToPath(import.meta.resolve(path));
    const done = await initOpenApi({
      folder,
      openapi: file,
      input: (async function* () {})(),
      force: true,
      schema: '/schema.json',
    });
    assert.ok(done.ok, JSON.stringify(done));
    const [, kept] = /: (\d+) of \d+ operations/.exec(done.lines[0] ?? '') ?? assert.fail(done.lines[0]);
    const text = await readFile(join(folder, 'encore-workload/encore.workload.yaml'), 'utf8');
    const leftOut = done.lines.filter((line) => line.startsWith('  '));
    return { document: parse(await readFile(file, 'utf8')), written: { text, kept: Number(kept), leftOut } };
  }

  function usersOf(mock: MockServer): Promise<TestLoad> {
    return TestLoad.of({
      workload: pathToFileURL(join(folder, 'encore-workload/encore.workload.yaml')).href,
      targetUrl: mock.url,
      startThread: inThread(systemClock),
    });
  }
});

/** Performs each operation of the workload equally often. */
function requestOf(workload: string): LoadRunRequest {
  const mix = Object.fromEntries(Object.keys(parse(workload).operations).map((name) => [name, 1]));
  const load = { mix, thinkSeconds: { min: 0.005, max: 0.015 }, parameters: {}, probesPerSecond: 1 };
  return { runId: 'openapi', seed: 5, users: 4, rampSeconds: 0, load };
}
