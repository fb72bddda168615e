/**
 * Each bundled scenario runs with any seed, and its plan contains the faults that its name
 * promises.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultKind, type PlannedFault, type RunConfig, runConfigSchema } from '@encore/contracts';
import { defaultSchedule } from '@encore/plan';
import { describe, it } from 'mocha';
import { parse as parseYaml } from 'yaml';
import { parseCommandLine } from './cli/command-line.ts';
import { judged } from './testing/judged-run.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'scenarios');
const seeds = Array.from({ length: 100 }, (_, seed) => seed);

interface Promises {
  /** Kinds in the plan of every seed. */
  always: FaultKind[];
  /** Additional kinds in the plan of some seeds; no other kinds occur. */
  sometimes?: FaultKind[];
  /** Minimum length, for schedules that are not tied to the file's own length. */
  shortestHours?: number;
}

const promises: Record<string, Promises> = {
  default: {
    always: ['crash', 'outage', 'memory-cap', 'memory-pressure', 'restart', 'latency', 'jitter', 'bandwidth'],
    sometimes: ['reset-peer', 'timeout', 'connection-refused'],
  },
  'network-only': {
    always: ['latency', 'jitter'],
    sometimes: ['bandwidth', 'slicer', 'slow-close', 'limit-data', 'reset-peer', 'timeout', 'connection-refused'],
    shortestHours: 0.1,
  },
  'kill-only': { always: ['crash', 'outage', 'restart', 'hang'], shortestHours: 0.1 },
  'memory-squeeze': { always: ['memory-cap', 'memory-pressure'], shortestHours: 0.1 },
  'database-failures': {
    always: ['outage', 'freeze', 'latency'],
    sometimes: ['reset-peer'],
    shortestHours: 0.1,
  },
  'disk-exhaustion': { always: ['disk-full'], shortestHours: 0.1 },
  'cpu-throttle': { always: ['cpu-throttle'], shortestHours: 0.1 },
  'network-partition': { always: ['partition', 'timeout'], shortestHours: 0.1 },
  'traffic-spike': { always: ['traffic-spike', 'tool-stall'], shortestHours: 0.1 },
  swizzle: {
    always: ['latency', 'bandwidth', 'slicer', 'cpu-throttle', 'freeze', 'traffic-spike'],
    shortestHours: 0.1,
  },
  custom: { always: ['crash', 'outage', 'latency'], sometimes: ['reset-peer'] },
};

interface Planned {
  config: RunConfig;
  faults: PlannedFault[];
}

/** Parses it as a user would start it; a refusal fails the test with its message. */
function planOf(name: string, seed: number, ...more: string[]): Planned {
  const argv = ['--config', join(folder, `${name}.yaml`), '--seed', String(seed), ...more];
  const command = parseCommandLine(argv, {});
  assert.ok(
    command.name === 'run',
    `seed ${seed}: ${'problems' in command ? command.problems.join('\n') : command.name}`,
  );
  return { config: command.config, faults: command.plan.faults };
}

const endOf = ({ atSeconds, durationSeconds }: PlannedFault): number => atSeconds + durationSeconds;

describe('scenarios', () => {
  it('are exactly those listed here', () => {
    assert.deepEqual(
      readdirSync(folder).sort(),
      Object.keys(promises)
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });

  for (const [name, { always, sometimes = [], shortestHours }] of Object.entries(promises)) {
    it(`${name} is accepted with ${seeds.length} seeds, and contains the promised kinds only`, () => {
      const seen = new Set<FaultKind>();
      for (const seed of seeds) {
        const kinds = new Set(planOf(name, seed).faults.map(({ kind }) => kind));
        for (const kind of always) assert.ok(kinds.has(kind), `${kind} is missing with seed ${seed}`);
        for (const kind of kinds) seen.add(kind);
      }
      assert.deepEqual([...seen].sort(), [...always, ...sometimes].sort());
    });

    it(`${name} can run for a day${shortestHours === undefined ? '' : ' and for six minutes'}`, () => {
      for (const hours of [24, shortestHours ?? 24])
        assert.ok(planOf(name, 7, '--hours', String(hours)).faults.length > 0, `${hours} h`);
    });

    it(`${name} names its schema and describes its purpose in one or two sentences`, () => {
      const [schema, description = ''] = readFileSync(join(folder, `${name}.yaml`), 'utf8').split('\n');
      assert.equal(schema, '# yaml-language-server: $schema=../docs/schema/config.schema.json');
      assert.match(description, /^# [A-Z].{30,150}\.$/);
    });
  }

  it('leave enough time between faults to observe the return to normal', async function () {
    this.timeout(120_000);
    const plans = Object.keys(promises).map((name) => [name, planOf(name, 7, '--hours', '0.25')] as const);
    const smoke = ['--profile', 'smoke'];
    for (const seed of ['1', '2', '3', '4', '5']) {
      const command = parseCommandLine([...smoke, '--seed', seed], {});
      assert.ok(command.name === 'run');
      plans.push([`smoke with seed ${seed}`, { config: command.config, faults: command.plan.faults }]);
    }
    for (const [name, { config, faults }] of plans) {
      const { hours, rampSeconds } = config;
      const steadySeconds = hours * 3_600 - rampSeconds;
      const { report } = await judged({
        faults,
        rampSeconds,
        steadySeconds,
        operationsPerSecond: 1,
        probesPerSecond: 1,
      });
      const rule = report.thresholds.find(({ name: metric }) => metric === 'back_to_normal_seconds');
      assert.equal(rule?.ok, true, `${name}: ${rule?.note}`);
    }
  });

  it('default equals the default schedule', () => {
    const { config } = planOf('default', 7);
    const byDefault = parseCommandLine(['--seed', '7'], {});
    assert.ok(byDefault.name === 'run');
    assert.deepEqual(config.schedule, defaultSchedule(byDefault.config, byDefault.plan.system));
    assert.deepEqual({ ...config, schedule: undefined }, { ...byDefault.config, schedule: undefined });
  });

  it('swizzle: each group overlaps three faults on three targets, and ends them in another order', () => {
    for (const seed of seeds) {
      const { faults } = planOf('swizzle', seed);
      const groups = Map.groupBy(faults, ({ atSeconds }) => Math.floor(atSeconds / 240));
      assert.equal(groups.size, 7);
      for (const group of groups.values()) {
        assert.equal(group.length, 3, `seed ${seed}`);
        const lastBegin = Math.max(...group.map(({ atSeconds }) => atSeconds));
        const firstEnd = Math.min(...group.map(endOf));
        assert.ok(
          lastBegin < firstEnd,
          `seed ${seed}: one is over at ${firstEnd} s before another begins at ${lastBegin} s`,
        );
        assert.equal(new Set(group.map(({ target }) => target)).size, 3);
        const begun = group.toSorted((a, b) => a.atSeconds - b.atSeconds).map(({ id }) => id);
        const ended = group.toSorted((a, b) => endOf(a) - endOf(b)).map(({ id }) => id);
        assert.notDeepEqual(ended, begun, `seed ${seed}`);
      }
    }
  });

  it('custom shows every setting, each under a comment', () => {
    const text = readFileSync(join(folder, 'custom.yaml'), 'utf8');
    const settings: unknown = parseYaml(text);
    assert.ok(typeof settings === 'object' && settings !== null);
    const { shape } = runConfigSchema;
    const { load, network, schedule } = shape;
    const rule = schedule.unwrap().element.shape;
    const faultShapes = rule.faults.element.options.map((fault) => fault.shape);
    const wanted = new Set([shape, load.shape, network.shape, rule, ...faultShapes].flatMap(Object.keys));
    const lines = text.split('\n');
    for (const key of wanted) {
      const at = lines.findIndex((line) => new RegExp(`^[ -]*${key}:`).test(line));
      assert.ok(at > 0, `${key} is not shown`);
      // The comment is directly above the setting, or above a group of two or three lines.
      const explained = lines.slice(Math.max(0, at - 3), at).some((line) => /^\s*#/.test(line));
      assert.ok(explained, `${key} has no comment`);
    }
    assert.deepEqual(Object.keys(settings).sort(), Object.keys(shape).sort());
  });
});
