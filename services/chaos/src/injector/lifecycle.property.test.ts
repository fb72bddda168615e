/**
 * Random interleavings of everything that begins or ends a fault. Each call to the engine, to
 * Toxiproxy and to the journal takes a random time, so that every `await` of the lifecycle is a
 * place where something else may happen.
 */
import assert from 'node:assert/strict';
import { faultKinds } from '@encore/contracts';
import { Random } from '@encore/kit';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { Life } from '../testing/life.ts';
import type { Injector } from './injector.ts';

const injection = fc.record({
  do: fc.constant('inject' as const),
  kind: fc.constantFrom(...faultKinds),
  // Without an effect, an effect check lasts as long as it may.
  noop: fc.boolean(),
});
const release = fc.record({ do: fc.constant('release' as const), which: fc.nat(2) });
const incident = fc.record({
  do: fc.constantFrom(
    'reconcile' as const,
    'end the run' as const,
    'let the lease end' as const,
    'kill the target' as const,
    'lose the engine' as const,
    'lose the engine for long' as const,
    'lose Toxiproxy' as const,
    'kill the injector' as const,
  ),
});
const action = fc.oneof(
  { weight: 6, arbitrary: injection },
  { weight: 5, arbitrary: release },
  { weight: 3, arbitrary: incident },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Often short, so that an action meets the calls of the one before it. */
const pauseMs = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 5_000 }));

const history = fc.record({
  seed: fc.nat(),
  actions: fc.array(fc.tuple(action, pauseMs), { minLength: 2, maxLength: 14 }),
});

/** A lab with a run, whose injector is replaced when it is killed. */
class World {
  readonly lab = new FakeLab();
  readonly #random: Random;
  readonly #injected: string[] = [];
  #life = new Life();
  #injector: Injector;
  #stop = new AbortController();
  #runs = 0;
  /** Until then the orchestrator does not renew the lease. */
  #silentUntil = 0;
  #engineReturnsAt = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#injector = this.#newInjector();
    this.lab.engine.isLost = () => this.lab.clock.now() < this.#engineReturnsAt;
    // Its restart policy starts it again.
    this.lab.onGiveUp = () => this.#restart();
  }

  get injector(): Injector {
    return this.#injector;
  }

  get lines(): string[] {
    return [...this.lab.retiredLines, ...this.lab.lines];
  }

  #newInjector(): Injector {
    const pace = () => this.lab.clock.sleep(this.#random.integer(0, 120));
    this.#life = new Life(undefined, { pace });
    const injector = this.lab.injector(this.#life);
    this.#stop = new AbortController();
    void injector.run(this.#stop.signal);
    return injector;
  }

  async renew(): Promise<void> {
    for (;;) {
      await this.lab.clock.sleep(500);
      if (this.lab.clock.now() < this.#silentUntil) continue;
      try {
        this.#injector.lease.renew(this.#runId);
      } catch {
        await this.claim();
      }
    }
  }

  get #runId(): string {
    return `run-${this.#runs}`;
  }

  async claim(): Promise<void> {
    this.#runs += 1;
    await this.#injector.lease.claim({ runId: this.#runId, ttlMs: 2_000 }).catch(() => {});
  }

  async perform(action: Action): Promise<void> {
    const { lab } = this;
    const ignored = () => {};
    switch (action.do) {
      case 'inject': {
        const planned = fault(action.kind, { noop: action.noop });
        this.#injected.push(planned.id);
        await this.#injector.inject({ runId: this.#runId, fault: planned }).catch(ignored);
        return;
      }
      case 'release':
        await this.#injector.release(this.#injected.at(-1 - action.which) ?? 'f0000').catch(ignored);
        return;
      case 'reconcile':
        await this.#injector.revert();
        return;
      case 'end the run':
        await this.#injector.lease.end(this.#runId).catch(ignored);
        return;
      case 'let the lease end':
        this.#silentUntil = Math.max(this.#silentUntil, lab.clock.now() + 3_000);
        return;
      case 'kill the target':
        if (['running', 'paused'].includes(lab.server.status)) lab.engine.die(lab.server, 137, true);
        return;
      case 'lose the engine':
      case 'lose the engine for long':
        // An injector without its engine for 15 s ends.
        this.#engineReturnsAt = lab.clock.now() + (action.do === 'lose the engine' ? 2_000 : 20_000);
        lab.engine.breakOff();
        return;
      case 'lose Toxiproxy':
        lab.proxies.states.clear();
        return;
      case 'kill the injector':
        this.#restart();
    }
  }

  #restart(): void {
    this.#life.end();
    this.#stop.abort();
    this.#injector = this.#newInjector();
  }

  /** Ends the run and gives the injector time for everything that it still has to retry. */
  async settle(): Promise<void> {
    this.#silentUntil = Number.POSITIVE_INFINITY;
    await this.lab.clock.advance(90_000);
    this.#stop.abort();
  }
}

const linesOf = (lines: readonly string[]): { line: string; fault: { id: string }; reverted: { faultId: string } }[] =>
  lines.map((line) => JSON.parse(line));

describe('the lifecycle of a fault', () => {
  it('ends in exactly one closed line, with the targets in their original state', async function () {
    this.timeout(300_000);
    const seen = { intents: 0, givenUp: 0 };
    await fc.assert(
      fc.asyncProperty(history, async ({ seed, actions }) => {
        const world = new World(seed);
        await world.lab.clock.advance(2_000);
        const original = world.lab.state();
        await world.lab.clock.until(world.claim());
        void world.renew();
        for (const [what, pauseMs] of actions) {
          void world.perform(what);
          await world.lab.clock.advance(pauseMs);
        }
        await world.settle();
        const lines = linesOf(world.lines);
        const intents = lines.filter(({ line }) => line === 'intent').map(({ fault: { id } }) => id);
        const closed = lines.filter(({ line }) => line === 'closed').map(({ reverted }) => reverted.faultId);
        seen.intents += intents.length;
        assert.deepEqual(closed.toSorted(), intents.toSorted());
        assert.equal(world.lab.state(), original);
        assert.deepEqual(world.injector.registry.open, []);
        seen.givenUp += world.lab.givenUp.length;
      }),
      { numRuns: 60, seed: 1 },
    );
    assert.ok(seen.intents > 100, `only ${seen.intents} faults were injected`);
    assert.ok(seen.givenUp > 0, 'no injector lost its engine for long');
  });
});
