import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ComposeProject } from '../compose/compose-model.ts';
import { encoreFileSchema } from '../encore-file/encore-file.ts';
import { generate, resolvedProject } from '../testing/resolved-project.ts';
import { type LabOptions, type ProjectWithLab, withLab } from './lab-services.ts';

const options: LabOptions = {
  runId: 'r1',
  root: '/opt/encore',
  tag: 'lab-1',
  workload: 'workload/encore.workload.mts',
  socket: '/run/engine.sock',
  pagePort: 4567,
  command: './encore',
};
const { system } = encoreFileSchema.parse({
  system: {
    entry: 'api:8000',
    recoveryOf: 'api',
    containers: { api: { health: { ready: 'http://api:8000/' } }, db: {} },
    proxies: { 'api:8000': { probe: 'http' }, 'db:5432': { probe: 'postgres' } },
  },
});
const services = {
  api: { networks: { front: null, back: null } },
  db: { networks: { back: null } },
  other: { networks: { apart: null } },
};
const networks = { front: {}, back: {}, apart: {} };
const user = resolvedProject(services, { networks });

function lab(project: ComposeProject = user): ProjectWithLab {
  const generated = generate(project, { proxied: { api: [8000], db: [5432] }, targets: { api: 1, db: 1 } });
  return withLab(system, project, generated, options);
}

const networksOf = ({ project }: ProjectWithLab, name: string): string[] =>
  Object.keys(project.services[name]?.networks ?? {});

describe('services of the lab in a user’s project', () => {
  it('join only the networks that they need, and only chaos those of the sidecars', () => {
    const all = lab();
    assert.deepEqual(networksOf(all, 'encore-loadgen'), ['back', 'encore-lab', 'front']);
    assert.deepEqual(networksOf(all, 'encore-orchestrator'), ['back', 'encore-lab', 'encore-page', 'front']);
    assert.deepEqual(networksOf(all, 'encore-chaos'), ['back', 'encore-control', 'encore-lab', 'front']);
  });

  it('give the engine’s socket to chaos only', () => {
    const { project } = lab();
    const withSocket = Object.keys(project.services).filter((name) =>
      project.services[name]?.volumes?.some(({ source }) => source === '/run/engine.sock'),
    );
    assert.deepEqual(withSocket, ['encore-chaos']);
  });

  it('carry the label of the run, as their networks and volumes do', () => {
    const { project, names } = lab();
    const parts = [
      ...[names.chaos, names.loadgen, names.orchestrator].map((name) => project.services[name]),
      ...Object.values(project.networks),
      ...[names.runs, names.journal, names.secret, names.input].map((name) => project.volumes[name]),
    ];
    for (const part of parts) assert.equal(part?.labels?.['encore.run'], 'r1');
  });

  it('point to the logs of a kept copy, not to those of the user’s own stack', () => {
    const { project, names } = lab();
    const { environment = {} } = project.services[names.orchestrator] ?? {};
    // What stays up after a run with --keep is named once, by the program that started it.
    assert.equal(environment['ENCORE_AFTER_RUN_HINT'], undefined);
    assert.match(environment['ENCORE_LOGS_HINT'] ?? '', /--keep.*`docker compose -p PROJECT logs`/);
  });

  it('publish only the page, on 127.0.0.1', () => {
    const { project, names } = lab();
    assert.equal(project.services[names.chaos]?.ports, undefined);
    assert.equal(project.services[names.loadgen]?.ports, undefined);
    assert.deepEqual(project.services[names.orchestrator]?.ports, [
      { target: 8080, published: '4567', protocol: 'tcp', host_ip: '127.0.0.1' },
    ]);
  });

  it('have names that no service, network or volume of the user has', () => {
    const taken = resolvedProject(
      { ...services, 'encore-loadgen': { networks: { back: { aliases: ['Encore-Chaos'] } } } },
      { networks: { ...networks, 'encore-lab': {} }, volumes: { 'encore-runs': {} } },
    );
    const all = lab(taken);
    const { names } = all;
    assert.deepEqual(
      [names.chaos, names.loadgen, names.lab, names.runs],
      ['encore-chaos-2', 'encore-loadgen-2', 'encore-lab-2', 'encore-runs-2'],
    );
    // A program accepts requests only by its own name.
    const { environment } = all.project.services[names.loadgen] ?? {};
    assert.equal(environment?.['ENCORE_NAME'], 'encore-loadgen-2');
    assert.ok(all.project.services['encore-loadgen']);
  });
});
