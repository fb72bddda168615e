/**
 * Attribution of recoveries: the assertion that the restart policy recovered a crash must fail
 * beside a supervisor that acts where it should wait. A real supervisor with limits of 0 restarts
 * the server that the engine is already restarting.
 */
import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { before, describe, it } from 'mocha';
import { ServiceClients } from '../../services/orchestrator/src/service-clients.ts';
import { ServerWatcher } from '../../services/orchestrator/src/supervisor/server-watcher.ts';
import { type SupervisorLimits, supervisorLimits } from '../../services/orchestrator/src/supervisor/supervise.ts';
import { Supervisor } from '../../services/orchestrator/src/supervisor/supervisor.ts';
import { startDockerToyLab } from '../integration/chaos/docker-toy-lab.ts';
import { get } from '../integration/chaos/outside-view.ts';
import { startProcessToyLab } from '../integration/chaos/process-toy-lab.ts';
import { assertRecoveredByPolicy, countStarts } from '../integration/chaos/recovered-by-policy.ts';
import { Running } from '../integration/chaos/running-chaos.ts';
import type { ToyLab } from '../integration/chaos/toy-programs.ts';
import { requireEngine } from '../support/engine.ts';

const runId = 'eager-run';
const eager: SupervisorLimits = {
  ...supervisorLimits,
  exitedMs: 0,
  silentMs: 0,
  notReadyMs: 0,
  backOffMs: 0,
  retryAfterRefusalMs: 0,
};

function eagerSuite(name: string, start: () => Promise<ToyLab>): void {
  describe(`attribution of a crash recovery on ${name}`, () => {
    it("is the policy beside the lab's supervisor", async () => {
      await using crashed = await crashBeside(start, supervisorLimits);
      await crashed.verdict();
    });

    it('is not the policy beside an eager supervisor', async () => {
      await using crashed = await crashBeside(start, eager);
      await assert.rejects(crashed.verdict, { name: 'AssertionError' });
    });
  });
}

/**
 * Crashes the server beside a running supervisor, until the server responds again and has been left
 * alone for a while.
 */
async function crashBeside(
  start: () => Promise<ToyLab>,
  limits: SupervisorLimits,
): Promise<{ verdict: () => Promise<void> } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await start());
  const chaos = stack.use(await Running.start(lab.environment));
  const healthy = () =>
    waitUntil('the server', async () => (await get(lab.server)).error === null, { timeoutMs: 15_000 });
  await healthy();
  await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
  const counted = await countStarts(lab, chaos);

  const stop = new AbortController();
  stack.defer(() => stop.abort());
  const url = `http://${lab.server.host}:${lab.server.port}`;
  const watcher = new ServerWatcher({
    health: new Map([['server', { ready: url }]]),
    clock: systemClock,
    onChange: () => undefined,
    everyMs: 10,
  });
  const clients = new ServiceClients({
    chaosUrl: chaos.url,
    tokenFile: chaos.tokenFile,
    loadgenUrl: url,
  });
  // One restart is enough; without a pause the supervisor would never let the server recover.
  const record = ({ type, ...act }: EncoreEvent): void => {
    if (type === 'supervisor_acted' && 'result' in act && act.result === 'done') stop.abort();
  };
  const supervisor = new Supervisor({
    runId,
    clients,
    supervises: () => true,
    observe: (target) => watcher.latest(target),
    clock: systemClock,
    record,
    limits,
  });
  const watching = watcher.run(stop.signal);
  const supervising = (async () => {
    while (!stop.signal.aborted) {
      await supervisor.step(stop.signal);
      await systemClock.sleep(10, stop.signal).catch(() => undefined);
    }
  })();
  const fault = { id: 'f0001', kind: 'crash', target: 'server', atSeconds: 0, durationSeconds: 0, params: {} } as const;
  await chaos.inject(runId, fault);
  const eagerActed = () => limits !== eager || stop.signal.aborted;
  await waitUntil('a restart by the eager supervisor', eagerActed, { timeoutMs: 10_000, everyMs: 10 });
  await healthy();
  stop.abort();
  await Promise.all([watching, supervising]);
  const held = stack.move();
  return {
    verdict: () => assertRecoveredByPolicy(lab, chaos, counted),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

eagerSuite('processes', startProcessToyLab);

describe('Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });
  eagerSuite('Docker', startDockerToyLab);
});
