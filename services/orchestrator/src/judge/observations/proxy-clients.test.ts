import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judged } from '../../testing/judged-run.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

const at = new SimulatedRun().at(30);
const used = (proxy: string, client: string, direct = false): EncoreEvent => ({
  type: 'proxy_used',
  at,
  proxy,
  client,
  direct,
});

async function texts(extra: EncoreEvent[], seesConnections = true): Promise<string[]> {
  const { report } = await judged(
    { extra },
    {
      event: (event) => {
        if (event.type === 'run_started') event.environment['seesConnections'] = seesConnections;
        return true;
      },
    },
  );
  return [...report.warnings, ...report.not_tested].filter((text) => /bypassed the proxy|nothing connected/.test(text));
}

describe('clients of the proxies', () => {
  it('are a warning if they bypass one', async () => {
    const both = [used('server:8000', 'users'), used('postgres:5432', 'server')];
    assert.deepEqual(await texts(both), []);
    const direct = ['job', 'worker', 'job'].map((client) => used('postgres:5432', client, true));
    assert.deepEqual(await texts([...both, ...direct]), [
      'job and worker bypassed the proxy postgres:5432, so network faults there do not reach all connections; connect by the name postgres instead of an address',
    ]);
  });

  it('are in the report, by proxy', async () => {
    const clientsOf = async (seesConnections: boolean) => {
      const event = (one: EncoreEvent) => {
        if (one.type === 'run_started') one.environment['seesConnections'] = seesConnections;
        return true;
      };
      const extra = [used('server:8000', 'users'), used('server:8000', 'job'), used('postgres:5432', 'job', true)];
      return (await judged({ extra }, { event })).report.proxy_clients;
    };
    assert.deepEqual(await clientsOf(true), { 'server:8000': ['job', 'users'], 'postgres:5432': [] });
    assert.equal(await clientsOf(false), null);
  });

  it('are missing where nothing used a proxy, which is then not tested', async () => {
    const unused = 'what clients of postgres:5432 experience: nothing connected through this proxy';
    assert.deepEqual(await texts([used('server:8000', 'users')]), [unused]);
    assert.deepEqual(await texts([used('server:8000', 'users')], false), [], 'connections were not visible');
    assert.match((await texts([used('postgres:5432', 'job', true)])).at(-1) ?? '', /^what clients of server:8000, /);
  });
});
