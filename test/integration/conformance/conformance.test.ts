/**
 * The official MCP conformance suite against the server as a process: at rest, right after a crash,
 * and through a slow network that slices the data. Each scenario is one test; scenarios.ts lists
 * them.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Toxiproxy } from 'toxiproxy-node-client';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startEmbeddedProxy } from '../../support/proxies.ts';
import { fixtureScenarios, revisions, shippedScenarios } from './scenarios.ts';
import { type ServerProgram, startServerProgram } from './server-program.ts';
import { type Outcome, problemsOf, requiredScenarios, runSuite } from './suite.ts';

const builds = [
  { name: 'the shipped server', program: 'services/server/src/main.ts', scenarios: shippedScenarios },
  {
    name: 'the build with the fixture tools',
    program: 'test/integration/conformance/fixture-program.ts',
    scenarios: fixtureScenarios,
  },
];

interface Link extends AsyncDisposable {
  readonly url: string;
}

describe('MCP conformance', function () {
  this.timeout(180_000);
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());

  for (const revision of revisions) {
    it(`covers everything that ${revision} requires of a server`, () => {
      const missing = requiredScenarios(revision).filter((name) => !fixtureScenarios[revision].includes(name));
      assert.deepEqual(missing, []);
    });
  }

  for (const { name, program, scenarios } of builds) {
    describe(name, () => {
      let server: ServerProgram;
      const direct = () => `http://localhost:${server.port}/mcp`;
      before(async () => {
        server = await startServerProgram(program, postgres.url);
      });
      after(() => server[Symbol.asyncDispose]());

      for (const revision of revisions) {
        passes(`at rest, ${revision}`, scenarios[revision], () => runSuite(direct(), revision));
        passes(`right after a crash, ${revision}`, scenarios[revision], async () => {
          await server.crash();
          return runSuite(direct(), revision);
        });
      }

      describe('through a slow network that slices the data', () => {
        let link: Link;
        before(async () => {
          link = await openSlowConnection(server.port);
        });
        after(() => link[Symbol.asyncDispose]());
        for (const revision of revisions) {
          passes(revision, scenarios[revision], () => runSuite(link.url, revision));
        }
      });
    });
  }
});

function passes(when: string, scenarios: readonly string[], run: () => Promise<Outcome>): void {
  describe(when, () => {
    let outcome: Outcome;
    before(async () => {
      outcome = await run();
    });
    for (const scenario of scenarios) {
      it(scenario, () => assert.deepEqual(problemsOf(outcome.get(scenario)), []));
    }
  });
}

/**
 * The embedded proxy with 15 to 25 ms of delay each way, and slices of 128 to 384 bytes, 0.2 ms
 * apart.
 */
async function openSlowConnection(port: number): Promise<Link> {
  const proxy = await startEmbeddedProxy();
  const created = await new Toxiproxy(proxy.url).createProxy({
    name: 'link',
    listen: '127.0.0.1:0',
    upstream: `127.0.0.1:${port}`,
  });
  for (const stream of ['upstream', 'downstream'] as const) {
    await created.addToxic({
      name: `latency_${stream}`,
      type: 'latency',
      stream,
      toxicity: 1,
      attributes: { latency: 20, jitter: 5 },
    });
    await created.addToxic({
      name: `slicer_${stream}`,
      type: 'slicer',
      stream,
      toxicity: 1,
      attributes: { average_size: 256, size_variation: 128, delay: 200 },
    });
  }
  return {
    url: `http://localhost:${created.listen.split(':').at(-1)}/mcp`,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
