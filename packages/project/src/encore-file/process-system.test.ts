import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { isProcessFile, parseEncoreFile, plannedSystem, problemsOfEncoreFile } from './encore-file.ts';
import { isChosenByEncore } from './process-system.ts';

const valid = `
system:
  entry: api:3000
  recoveryOf: api
  processes:
    api:
      command: [sh, -c, 'exec node api.mjs --port \${port.api:3000} \${HOME}']
      env: { DATABASE: 'db://\${proxy.db:5432}/shop', LEVEL: 3 }
      restart: on-failure:3
      dependsOn: [db]
      health: { ready: 'http://api:3000/health' }
      allowedKinds: [crash, latency]
    db: { command: [./db], cwd: database }
  proxies:
    api:3000: { probe: http }
    db:5432: { probe: banner }
`;

describe('processes in encore.yaml', () => {
  it('are targets with the defaults of a process that nothing restarts', () => {
    assert.deepEqual(problemsOfEncoreFile(parse(valid)), []);
    const file = parseEncoreFile(parse(valid));
    assert.ok(file !== undefined && isProcessFile(file));
    const { api, db } = file.system.processes;
    assert.deepEqual(
      [api?.env, api?.restart],
      [{ DATABASE: 'db://${proxy.db:5432}/shop', LEVEL: '3' }, 'on-failure:3'],
    );
    assert.deepEqual([db?.env, db?.restart, db?.stopSignal, db?.limits], [{}, 'no', 'SIGTERM', {}]);
    const planned = plannedSystem(file.system);
    assert.deepEqual(planned.containers['api'], { allowedKinds: ['crash', 'latency'], replicas: 1 });
    assert.equal(planned.proxies['db:5432']?.runsIn, 'db');
  });

  it('listen on a port that Encore chooses only if they read it', () => {
    const { processes } = parse(valid).system;
    assert.equal(isChosenByEncore(processes.api, 'api:3000'), true);
    assert.equal(isChosenByEncore(processes.db, 'db:5432'), false);
    assert.equal(isChosenByEncore({ postgres: {} }, 'db:5432'), true);
  });

  it('have all mistakes listed together, each with its path, its value and what would be right', () => {
    const wrong = `
system:
  compose: { files: [] }
  entry: api:3000
  recoveryOf: api
  processes:
    encore-api: {}
    api:
      command: node api.mjs
      comand: []
      restart: sometimes
      replicas: 2
      stopSignal: SIGTEM
      dependsOn: [bd, worker]
      health: { ready: 'http://other:3000/health' }
      limits: { memoryMegabytes: 1 }
      env: { A: '\${proxy.bd:5432}', B: '\${port.db:5432}', C: true, D-E: x }
    worker: { command: [node], dependsOn: [api], env: { A: '\${port.worker:1}' } }
    db: { postgres: { user: Shop, password: x, database: shop }, command: [x] }
    copy: { command: [node] }
  proxies:
    api:3000: { probe: http }
    copy:3000: { probe: http }
    db:5432: { probe: postgres }
    db:5433: { probe: postgres }
`;
    const allProxies = ['api:3000', 'copy:3000', 'db:5432', 'db:5433'].map((one) => `\${proxy.${one}}`).join(' or ');
    assert.deepEqual(problemsOfEncoreFile(parse(wrong)), [
      'system.compose: cannot be combined with processes; remove one of the two',
      'system.processes.api.command: "node api.mjs" is not valid; expected the program and its arguments as a list, such as [node, api.mjs]',
      'system.processes.api.env.C: true is not valid; expected text or a number',
      'system.processes.api.env.D-E: "D-E" is not valid; expected the name of a variable',
      'system.processes.api.restart: "sometimes" is not valid; expected the restart policy: always, on-failure, on-failure:3 for at most 3 restarts, or no',
      'system.processes.api.stopSignal: "SIGTEM" is not valid. Did you mean SIGTERM? Expected one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGKILL',
      'system.processes.api.limits.memoryMegabytes: 1 is not valid; expected a whole number of at least 6',
      'system.processes.api.comand: unknown setting. Did you mean command?',
      'system.processes.api.replicas: unknown setting. Known settings: allowedKinds, unsupported, health, memoryBound, crash, supervise, command, postgres, cwd, env, restart, stopSignal, dependsOn, limits',
      'system.processes.db.postgres.user: "Shop" is not valid; expected the name of its user, in lower case',
      'system.processes.encore-api: "encore-api" is not valid; expected a name that does not begin with encore-, which is reserved for Encore',
      'system.processes.encore-api.command: is missing; set the program and its arguments, such as [node, api.mjs]',
      'system.processes.api.dependsOn: "bd" is not valid; expected one of encore-api, worker, db, copy',
      'system.processes.api.dependsOn: nothing shows when worker is ready; set health.ready of worker, list its port under system.proxies, or, if it is a job that ends, run it at the start of the command of api',
      'system.processes.api.health.ready: "http://other:3000/health" is not valid; expected a URL of api, such as http://api:8000/ready',
      `system.processes.api.env.A: "\${proxy.bd:5432}" is not valid. Did you mean \${proxy.db:5432}? Expected ${allProxies}`,
      'system.processes.api.env.B: "${port.db:5432}" is not valid; expected ${proxy.db:5432}, because only db listens on that port',
      'system.processes.worker.env.A: "${port.worker:1}" is not valid; expected a port of worker under system.proxies',
      'system.processes.db.command: cannot be combined with postgres; remove one of the two',
      'system.processes.db.postgres: listens on one port; list exactly one under system.proxies, such as db:5432',
      'system.processes.api.dependsOn: api waits for itself through worker, api',
      'system.proxies.copy:3000: api:3000 has the same port, and all processes share the ports of this machine; write ${port.copy:3000} where copy reads its port',
    ]);
  });

  it('are refused if one has neither a command nor a database', () => {
    const problems = problemsOfEncoreFile(parse(valid.replace('command: [./db], ', '')));
    assert.deepEqual(problems, [
      'system.processes.db.command: is missing; set the program and its arguments, such as [node, api.mjs]',
    ]);
  });
});
