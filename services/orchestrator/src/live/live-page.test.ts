import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { createLogger, createRegistry, type HttpService, startHttpService, systemClock } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { RunView } from '../progress/run-view.ts';
import { profiles } from '../settings/profiles.ts';
import { LivePage } from './live-page.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };

interface Update {
  sections: Record<string, string>;
}

describe('live page', () => {
  let page: LivePage;
  let view: RunView;
  let service: HttpService;
  beforeEach(async () => {
    view = new RunView('r1', config, makePlan(config, bundledSystem), 0);
    view.host = { cpuShare: 0.673, cores: 8, memory: { usedShare: 0.75, freeBytes: 1e9 }, disk: null };
    page = new LivePage(view, systemClock, 'http://localhost:3000/d/encore-run?from=1&to=now');
    service = await startHttpService({
      host: '127.0.0.1',
      port: 0,
      logger: createLogger('test', 'silent'),
      registry: createRegistry('test'),
      ready: () => true,
      routes: (app) => page.routes(app),
    });
  });
  afterEach(async () => {
    page.close();
    await service[Symbol.asyncDispose]();
  });

  /** Reads the updates of one client until there are `count`, or the connection ends. */
  async function updates(count: number, whenFirst?: () => void): Promise<Update[]> {
    const response = await fetch(`${service.url}/live-updates`, { signal: AbortSignal.timeout(8_000) });
    assert.match(response.headers.get('content-type') ?? '', /event-stream/);
    const found: Update[] = [];
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        if (!part.startsWith('data: ')) continue;
        found.push(JSON.parse(part.slice(6)) as Update);
        if (found.length === 1) whenFirst?.();
      }
      if (found.length >= count) break;
    }
    return found;
  }
  const second = (at: number): EncoreEvent => ({
    type: 'load_second',
    at,
    users: 20,
    attempts: { ok: 777 },
    operations: { create: { ok: 777, failed: 0, unknown: 0, cancelled: 0, skipped: 0 } },
    responseMs: { p50: 1, p99: 2, max: 3 },
    bytesSent: 0,
    bytesReceived: 0,
  });

  it('is a complete page before the first event', async () => {
    const text = await (await fetch(service.url)).text();
    assert.match(text, /^<!doctype html>/);
    assert.match(text, /data-live="\/live-updates"/);
    assert.match(text, /<a href="http:\/\/localhost:3000\/d\/encore-run\?from=1&amp;to=now">/);
  });

  it('sends updates', async () => {
    view.add({ type: 'phase_entered', at: 1_000_000, phase: 'ramp' });
    const [first, later] = await updates(2, () => {
      for (let at = 1_001_000; at < 1_010_000; at += 1_000) view.add(second(at));
    });
    const textOf = (update: Update | undefined): string => Object.values(update?.sections ?? {}).join('');
    // The last two seconds are still waiting for events of other sources.
    assert.doesNotMatch(textOf(first), /5,439/);
    assert.match(textOf(later), /5,439/);
  });

  it('shows the machine and the latest alerts during the run', async () => {
    view.add({ type: 'phase_entered', at: 1_000_000, phase: 'steady' });
    view.add({ type: 'fault_injected', at: 1_001_000, faultId: 'f0001', kind: 'crash', target: 'server', params: {} });
    for (let at = 1_001_000; at < 1_010_000; at += 1_000) view.add(second(at));
    const [update] = await updates(1);
    assert.match(update?.sections['system'] ?? '', /67\.3\s% of 8 cores.*75\.0\s% used, 954 MB free.*Active requests/s);
    assert.match(update?.sections['alerts'] ?? '', /WARNING.*Scheduled process kill: crash of server \(f0001\)/s);
  });

  it('closes its connections when the run is over', async () => {
    assert.equal((await updates(99, () => page.close())).length, 1);
  });
});
