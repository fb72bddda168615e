import assert from 'node:assert/strict';
import { type EncoreEvent, filesVersion, type Plan, type PlannedFault } from '@encore/contracts';
import { createLogger, EncoreError, plannedSystem } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import type { InjectResult } from '../injector/fault-lifecycle.ts';
import type { Injector } from '../injector/injector.ts';
import { Journal, type LineSink } from '../injector/journal.ts';
import { Recorder } from '../injector/recorder.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Scheduler } from './scheduler.ts';

const planned = (id: number, atSeconds: number, durationSeconds: number): PlannedFault => ({
  id: `f000${id}`,
  kind: durationSeconds === 0 ? 'crash' : 'latency',
  target: durationSeconds === 0 ? 'server' : 'server:8000',
  atSeconds,
  durationSeconds,
  params: {},
});

function lab(faults: PlannedFault[], injector: Partial<Pick<Injector, 'inject' | 'release' | 'wasInjected'>> = {}) {
  const clock = new VirtualClock(0);
  const sink: LineSink = { append: async () => {}, close: async () => {} };
  const files = { sink, open: async () => sink, retire: async () => {} };
  const recorder = new Recorder(Journal.from('', files), clock);
  const calls: string[] = [];
  const lateness: number[] = [];
  const skipped: string[] = [];
  const note = (text: string) => void calls.push(`${clock.now() / 1_000} ${text}`);
  const dependencies = {
    clock,
    recorder,
    logger: createLogger('test', 'silent'),
    metrics: {
      injected: (seconds: number) => void lateness.push(seconds),
      skipped: (kind: string) => void skipped.push(kind),
    },
    injector: {
      inject: async ({ fault }): Promise<InjectResult> => {
        note(`inject ${fault.id}`);
        return { injectedAt: clock.now(), effect: 'confirmed', evidence: '', over: fault.durationSeconds === 0 };
      },
      release: async (id: string) => {
        note(`release ${id}`);
        return { revertedAt: clock.now(), verified: true, evidence: '' };
      },
      wasInjected: () => false,
      ...injector,
    } satisfies Pick<Injector, 'inject' | 'release' | 'wasInjected'>,
  };
  const plan: Plan = {
    version: filesVersion,
    system: plannedSystem(bundledSystem),
    dropped: [],
    seed: 1,
    rampSeconds: 0,
    steadySeconds: 100,
    faults,
    bestSuccessRate: 1,
    hash: '',
  };
  const recorded = (): EncoreEvent[] => recorder.log.page(undefined, 0).events.map(({ event }) => event);
  return {
    clock,
    calls,
    lateness,
    skipped,
    recorded,
    note,
    scheduler: new Scheduler(dependencies),
    request: { runId: 'r', plan, steadyStartsAt: 10_000 },
  };
}

describe('Scheduler', () => {
  it('injects each fault at its planned time and releases it at its end', async () => {
    const { clock, calls, lateness, scheduler, request, recorded } = lab([planned(1, 5.25, 0), planned(2, 20, 2.5)]);
    scheduler.begin(request);
    assert.equal(scheduler.status().next?.id, 'f0001');
    await clock.advance(31_000);
    assert.deepEqual(
      scheduler.status().current.map(({ id }) => id),
      ['f0002'],
    );
    await clock.advance(60_000);
    assert.deepEqual(calls, ['15.25 inject f0001', '30 inject f0002', '32.5 release f0002']);
    assert.deepEqual(lateness, [0, 0]);
    assert.deepEqual(
      recorded().map((event) => (event.type === 'fault_due' ? event.plannedAt : 0)),
      [15_250, 30_000],
    );
    const { state, done, total, next } = scheduler.status();
    assert.deepEqual([state, done, total, next], ['done', 2, 2, null]);
  });

  it('keeps each of two overlapping faults for its own duration', async () => {
    const { clock, calls, scheduler, request } = lab([planned(1, 1, 3), planned(2, 2, 1)]);
    scheduler.begin(request);
    await clock.advance(20_000);
    assert.deepEqual(calls, ['11 inject f0001', '12 inject f0002', '13 release f0002', '14 release f0001']);
  });

  it('on stop, releases every fault at once and injects no more', async () => {
    const { clock, calls, scheduler, request } = lab([planned(1, 1, 30), planned(2, 5, 0)]);
    scheduler.begin(request);
    await clock.advance(12_500);
    const stopped = scheduler.stop();
    await clock.until(stopped);
    assert.equal(clock.now(), 12_500);
    await clock.advance(60_000);
    assert.deepEqual(calls, ['11 inject f0001', '12.5 release f0001']);
    assert.equal(scheduler.status().state, 'done');
  });

  it('on stop, releases a fault that is being injected, and again once the injector has answered', async () => {
    const { clock, calls, note, scheduler, request } = lab([planned(1, 1, 30)], {
      // The injector answers only after its effect check, which may be slow.
      inject: async () => {
        await clock.sleep(3_000);
        note('injected');
        return { injectedAt: clock.now(), effect: 'confirmed', evidence: '', over: false };
      },
    });
    scheduler.begin(request);
    await clock.advance(11_500);
    await clock.until(scheduler.stop());
    assert.deepEqual(calls, ['11.5 release f0001', '14 injected', '14 release f0001']);
  });

  it('records the missed faults as skipped when it starts in the middle of a run', async () => {
    const { clock, calls, scheduler, request, recorded, skipped } = lab([planned(1, 1, 5), planned(2, 20, 0)]);
    await clock.advance(25_000);
    scheduler.begin(request);
    await clock.advance(20_000);
    assert.deepEqual(calls, ['30 inject f0002']);
    const [skip] = recorded().filter((event) => event.type === 'fault_skipped');
    assert.ok(skip?.type === 'fault_skipped' && skip.faultId === 'f0001' && /its time had passed/.test(skip.reason));
    assert.deepEqual(skipped, ['latency']);
  });

  it('does not skip a fault that an earlier process injected', async () => {
    const { clock, scheduler, request, recorded, skipped } = lab([planned(1, 1, 5), planned(2, 2, 5)], {
      wasInjected: (id) => id === 'f0001',
    });
    await clock.advance(25_000);
    scheduler.begin(request);
    await clock.advance(1_000);
    const faultIds = recorded().flatMap((event) => (event.type === 'fault_skipped' ? event.faultId : []));
    assert.deepEqual([faultIds, skipped.length, scheduler.status().done], [['f0002'], 1, 2]);
  });

  it('retries while the injector is unreachable, and skips a fault that would be too late', async () => {
    let awayUntil = 12_000;
    const away = lab([planned(1, 1, 0), planned(2, 10, 0)], {
      wasInjected: () => true,
      inject: async ({ fault }) => {
        if (away.clock.now() < awayUntil) throw new EncoreError('UNREACHABLE', 'connection refused');
        away.note(`inject ${fault.id}`);
        return { injectedAt: away.clock.now(), effect: 'confirmed', evidence: '', over: true };
      },
    });
    away.scheduler.begin(away.request);
    await away.clock.advance(15_000);
    assert.deepEqual(away.calls, ['12 inject f0001']);
    awayUntil = 99_000;
    await away.clock.advance(20_000);
    const skips = away.recorded().filter((event) => event.type === 'fault_skipped');
    assert.equal(skips.length, 1);
    assert.deepEqual(
      away.calls.slice(1).map((call) => call.split(' ')[1]),
      ['release'],
      'the injection may have happened',
    );
  });

  it('releases a fault whose injection failed after it had been injected, and no other', async () => {
    const { clock, calls, scheduler, request } = lab([planned(1, 1, 30), planned(2, 8, 30)], {
      inject: () => Promise.reject(new EncoreError('JOURNAL_UNWRITABLE', 'ENOSPC')),
      wasInjected: (id) => id === 'f0001',
    });
    scheduler.begin(request);
    await clock.advance(20_000);
    assert.deepEqual(calls, ['11 release f0001']);
  });

  it('skips a refused fault without a retry, and records an unsupported one', async () => {
    const answers = [
      () => Promise.reject(new EncoreError('TARGET_REFUSED', 'not allowed')),
      () =>
        Promise.resolve<InjectResult>({ injectedAt: 0, effect: 'unsupported', evidence: 'no pause here', over: true }),
    ];
    const { clock, scheduler, request, recorded } = lab([planned(1, 1, 5), planned(2, 8, 5)], {
      inject: () => (answers.shift() ?? assert.fail)() as Promise<InjectResult>,
    });
    scheduler.begin(request);
    await clock.advance(40_000);
    const skips = recorded().flatMap((event) =>
      event.type === 'fault_skipped' ? [[event.reason, event.unsupported]] : [],
    );
    assert.deepEqual(skips, [
      ['TARGET_REFUSED not allowed', false],
      ['no pause here', true],
    ]);
  });

  it('accepts the same run again, and no other', async () => {
    const { clock, calls, scheduler, request } = lab([planned(1, 1, 0), planned(2, 50, 0)]);
    scheduler.begin(request);
    await clock.advance(12_000);
    scheduler.begin(request);
    assert.throws(() => scheduler.begin({ ...request, runId: 'other' }), { code: 'RUN_HELD' });
    const plan = { ...request.plan, hash: 'another' };
    assert.throws(() => scheduler.begin({ ...request, plan }), {
      code: 'RUN_HELD',
      message: 'another schedule of run r is running; its faults must end first',
    });
    await clock.advance(60_000);
    assert.equal(calls.length, 2);
    scheduler.begin({ ...request, runId: 'other' });
    assert.equal(scheduler.status().runId, 'other');
  });
});
