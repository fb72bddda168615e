import assert from 'node:assert/strict';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { events, startedLab } from '../testing/started-lab.ts';
import { label } from './engine.ts';
import { unsupportedKinds } from './lab-view.ts';

describe('the view of the lab', () => {
  it('lists the running containers of each service, without those of docker compose run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'loadgen' };
    lab.engine.add('loadgen-1', labels);
    lab.engine.add('loadgen-2', labels, { status: 'paused' });
    lab.engine.add('loadgen-3', labels, { status: 'exited' });
    lab.engine.add('loadgen-run', { ...labels, [label.oneoff]: 'True' });
    const { running, restartPolicies } = await lab.clock.until(injector.engineInfo());
    const targets = { server: ['server'], postgres: ['postgres'], toxiproxy: ['toxiproxy'] };
    assert.deepEqual(running, { loadgen: ['loadgen-1', 'loadgen-2'], ...targets });
    assert.deepEqual(restartPolicies['loadgen'], ['always', 'always']);
    stop.abort();
  });

  it('counts the containers of a target by its label, and no other service of a user’s project', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.run]: 'r1' };
    lab.engine.add('db-target-1', { ...labels, [label.service]: 'db-target', [label.target]: 'db' });
    for (const name of ['cache-1', 'cache-2']) lab.engine.add(name, { ...labels, [label.service]: 'cache' });
    const { running } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(running['db'], ['db-target-1']);
    assert.equal(running['cache'], undefined);
    stop.abort();
  });

  it('reports what came through a proxy instead of an answer that fits its probe', async () => {
    const { lab, injector, stop } = await startedLab();
    const misfits = async () => (await lab.clock.until(injector.engineInfo())).proxyMisfits;
    assert.deepEqual(await misfits(), {});
    lab.proxies.startOf = () => 'SSH-2.0';
    const { 'server:8000': server, ...others } = await misfits();
    assert.equal(server, 'the answer to the probe http was "SSH-2.0"');
    assert.deepEqual(others, {}, 'S is an answer of PostgreSQL');
    lab.proxies.answers = () => false;
    assert.equal((await misfits())['postgres:5432'], 'no answer to the probe postgres (reset)');
    stop.abort();
  });

  it('lists the targets without a restart policy', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'job' };
    Object.assign(lab.engine.add('job-1', labels).restartSetup, { policy: 'no' });
    assert.deepEqual((await lab.clock.until(injector.engineInfo())).withoutRestartPolicy, []);
    Object.assign(lab.server.restartSetup, { policy: 'no' });
    assert.deepEqual((await lab.clock.until(injector.engineInfo())).withoutRestartPolicy, ['server']);
    stop.abort();
  });

  it('returns the checkout of each container, even of one that Compose creates during a run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = (folder: string) => ({ ...lab.server.labels, [label.checkout]: folder });
    Object.assign(lab.server, { labels: labels('/home/a/encore') });
    const { checkouts } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(checkouts, { '/home/a/encore': ['server'] });
    lab.engine.add('1a2b_server', labels('/home/b/encore'));
    await lab.clock.advance(100);
    const [created] = events(injector, 'engine_event').filter(({ action }) => action === 'create');
    assert.deepEqual([created?.target, created?.checkout], ['server', '/home/b/encore']);
    stop.abort();
  });

  it('lists a kind as unsupported if no target allows it or each one that does has a reason', () => {
    const { containers, proxies } = bundledSystem;
    const server = {
      allowedKinds: ['crash' as const, 'memory-cap' as const],
      unsupported: { 'memory-cap': 'no limits' },
      replicas: 1,
    };
    const unsupported = unsupportedKinds({ ...bundledSystem, containers: { ...containers, server }, proxies });
    assert.equal(unsupported['memory-cap'], 'no limits');
    assert.equal(unsupported['hang'], 'no target of the system allows it');
    for (const kind of ['crash', 'latency']) assert.equal(unsupported[kind], undefined, kind);
  });
});
