/**
 * Started by orchestrator-day.ts: one day of the orchestrator. Leaves its files in the folder;
 * prints [hour, bytes].
 */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncoreEvent } from '../packages/contracts/src/index.ts';
import { type Clock, createLogger, systemClock } from '../packages/kit/src/index.ts';
import { EventPoller } from '../services/orchestrator/src/history/event-poller.ts';
import { HistoryWriter } from '../services/orchestrator/src/history/history-writer.ts';
import { RunSubscribers } from '../services/orchestrator/src/run/run-subscribers.ts';
import { ServiceClients } from '../services/orchestrator/src/service-clients.ts';
import { profiles } from '../services/orchestrator/src/settings/profiles.ts';
import { startStatusApi } from '../services/orchestrator/src/status-api.ts';
import { FakeService } from '../services/orchestrator/src/testing/fake-service.ts';
import { simulatedDay } from '../services/orchestrator/src/testing/simulated-day.ts';
import { heldBytes } from './held-bytes.ts';

const attemptsPerSecond = 1_000;
const sampleEverySeconds = 900;
/** Well within the time that the judge waits for events of other sources. */
const pollEverySeconds = 20;

class EventSource extends FakeService {
  protected override routes(): void {}
}

const [, , folder = ''] = process.argv;
const day = simulatedDay(attemptsPerSecond);
const { plan } = day;
const firstAt = day.at(0);
let now = firstAt;
const clock: Clock = { ...systemClock, now: () => now };
const config = { ...profiles.full, profile: 'full' as const, seed: plan.seed };
const links = { page: 'http://localhost:8080', alerts: 'http://localhost:9090/alerts', grafana: undefined };
const output = { write: () => undefined };
const subscribers = new RunSubscribers({ id: 'bench', config, plan, startedAt: now }, { clock, links, output });
const failed = (error: unknown): never => {
  throw error;
};
const history = new HistoryWriter((event) => subscribers.onEvent(event));
await history.open(join(folder, 'history.ndjson'), failed);
const sources = { loadgen: new EventSource(), chaos: new EventSource() };
for (const source of Object.values(sources)) await source.start();
const clients = new ServiceClients({ chaosUrl: sources.chaos.url, loadgenUrl: sources.loadgen.url });
const pollerOf = (source: keyof typeof sources): EventPoller =>
  new EventPoller({ source, clients, clock, since: 0, history, onRestart: failed as () => never });
const pollers = [pollerOf('loadgen'), pollerOf('chaos')];
const { view, progress } = subscribers;
const logger = createLogger('bench', 'silent');
const wiring = { name: 'orchestrator', host: '127.0.0.1', port: 0 };
const api = await startStatusApi({ wiring, logger, clock }, subscribers, failed);
const url = `http://127.0.0.1:${api.port}`;
const reading = new AbortController();
const reader = await fetch(`${url}/live-updates`, { signal: reading.signal });
const read = reader.body?.pipeTo(new WritableStream()).catch(() => undefined);

await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
const ledger = createWriteStream(join(folder, 'ledger.ndjson'));
for await (const line of day.ledgerLines()) ledger.write(`${line}\n`);
ledger.end();

let second = 0;
for (const event of day.events()) {
  sources[isOfLoad(event) ? 'loadgen' : 'chaos'].events.add(event);
  if (event.type !== 'load_second') continue;
  now = event.at;
  second += 1;
  if (second % pollEverySeconds !== 0) continue;
  for (const poller of pollers) await poller.poll();
  progress.tick(view.snapshot(now));
  if (second % sampleEverySeconds !== 0) continue;
  await (await fetch(`${url}/metrics`)).text();
  // The sources record their requests for tests.
  for (const { asked } of Object.values(sources)) asked.length = 0;
  process.stdout.write(`${JSON.stringify([second / 3_600, heldBytes()])}\n`);
}
for (const poller of pollers) await poller.drain(AbortSignal.timeout(60_000));
reading.abort();
await read;
await history[Symbol.asyncDispose]();
process.exit(0);

function isOfLoad({ type }: EncoreEvent): boolean {
  return [
    'load_second',
    'probe_second',
    'attempt_failed',
    'answered_again',
    'generator_checked',
    'load_summary',
  ].includes(type);
}
