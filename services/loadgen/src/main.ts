/** Starts the load generator. */
import { mkdir } from 'node:fs/promises';
import {
  createLogger,
  createRegistry,
  EventLog,
  hostNamesOf,
  runService,
  startHttpService,
  systemClock,
} from '@encore/kit';
import { loadgenRoutes } from './api.ts';
import { CapacityTest } from './capacity-test.ts';
import { readConfig } from './config.ts';
import { LoadFaults } from './faults/load-faults.ts';
import { Load } from './load.ts';
import { createMetrics } from './metrics.ts';
import { saveMemory } from './save-memory.ts';
import { describeWorkload, WorkloadHost } from './workload-host.ts';
import { startThread } from './workload-thread.ts';

/** Covers half a minute in which every attempt fails and nobody reads the events. */
const eventCapacity = 3_000;

saveMemory();
const logger = createLogger('loadgen');

await runService(logger, async () => {
  const config = readConfig(process.env);
  await mkdir(config.runsDir, { recursive: true });
  const registry = createRegistry('loadgen');
  const events = new EventLog(eventCapacity);
  const { targetUrl, runsDir, workload } = config;
  const description = await describeWorkload(workload, targetUrl);
  const metrics = createMetrics(registry, Object.keys(description.operations));
  const load = new Load({ workload, targetUrl, runsDir, clock: systemClock, logger, metrics, events });
  const capacityTest = new CapacityTest(targetUrl, description.capacityTest, logger);
  const openHost = () => WorkloadHost.open({ workload, targetUrl, backoffMs: [0, 0] }, startThread, systemClock);
  const faults = new LoadFaults({ targetUrl, description, openHost, clock: systemClock, logger });
  const service = await startHttpService({
    ...config,
    allowedHosts: hostNamesOf(config.name),
    logger,
    registry,
    events,
    ready: () => load.ready(),
    routes: loadgenRoutes(load, capacityTest, faults),
  });
  logger.info({ url: service.url, target: targetUrl, workload: description.name }, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      await faults[Symbol.asyncDispose]();
      await capacityTest[Symbol.asyncDispose]();
      await load[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
});
