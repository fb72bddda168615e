/**
 * The default schedule:
 *
 * - a kill at (k - 1/2) times the kill interval, alternating between crash and outage, which the
 *   supervisor ends, or the revert where there is none;
 * - a memory cap between kills; after every second kill, memory pressure and a graceful restart in
 *   turn;
 * - network faults on the entry proxy at random intervals, mostly delays, some total outages.
 *
 * Kinds that the system description does not allow are left out. A runtime without memory pressure
 * skips that fault.
 */
import {
  type FaultKind,
  type FaultParams,
  type PlannedSystem,
  paramsSchema,
  type RunConfig,
  type ScheduleRule,
} from '@encore/contracts';
import { isSupervised } from '@encore/kit';
import { kindRefusal } from './kind-refusal.ts';

type Config = Pick<RunConfig, 'killIntervalMinutes' | 'network'>;

export function defaultSchedule(config: Config, system: PlannedSystem): ScheduleRule[] {
  const { intervalSeconds, durationSeconds } = config.network;
  // No server can respond during a total outage, so those use the shorter half of the range.
  const short = { min: durationSeconds.min, max: (durationSeconds.min + durationSeconds.max) / 2 };
  const capSeconds = Math.min(60, Math.max(8, Math.floor((config.killIntervalMinutes * 60) / 6)));
  const spikeSeconds = Math.min(20, Math.max(5, Math.floor((config.killIntervalMinutes * 60) / 12)));
  const { recoveryOf, entry } = system;
  // Without a supervisor, nothing but the revert ends an outage.
  const outage = isSupervised(system, recoveryOf) ? fault('outage', 1) : fault('outage', 1, short, { until: 'revert' });
  const rules: ScheduleRule[] = [
    {
      name: 'kills',
      target: recoveryOf,
      when: { everyMinutes: config.killIntervalMinutes, phase: 0.5 },
      pick: 'in-turn',
      overlap: false,
      faults: [fault('crash', 1), outage],
    },
    {
      name: 'memory',
      target: recoveryOf,
      when: { everyMinutes: config.killIntervalMinutes, phase: 1 },
      pick: 'in-turn',
      overlap: false,
      faults: [fault('memory-cap', 1, { min: capSeconds, max: capSeconds })],
    },
    {
      name: 'spikes-and-restarts',
      target: recoveryOf,
      when: { everyMinutes: 2 * config.killIntervalMinutes, phase: 0.375 },
      pick: 'in-turn',
      overlap: false,
      faults: [fault('memory-pressure', 1, { min: spikeSeconds, max: spikeSeconds }), fault('restart', 1)],
    },
    {
      name: 'network',
      target: entry,
      when: { betweenSeconds: intervalSeconds },
      pick: 'weighted',
      overlap: false,
      faults: [
        fault('latency', 2, durationSeconds, { latencyMs: 300 }),
        fault('latency', 1, durationSeconds, { latencyMs: 800 }),
        fault('jitter', 2, durationSeconds, { latencyMs: 200, jitterMs: 150 }),
        fault('bandwidth', 2, durationSeconds, { kilobytesPerSecond: 128 }),
        fault('reset-peer', 1, short),
        fault('timeout', 1, short),
        fault('connection-refused', 1, short),
      ],
    },
  ];
  return rules
    .map((rule) => ({
      ...rule,
      faults: rule.faults.filter(({ kind }) => kindRefusal(system, rule.target, kind) === null),
    }))
    .filter(({ faults }) => faults.length > 0);
}

function fault(
  kind: FaultKind,
  weight: number,
  durationSeconds?: { min: number; max: number },
  params: FaultParams = {},
): ScheduleRule['faults'][number] {
  const duration = durationSeconds === undefined ? {} : { durationSeconds };
  return { kind, weight, ...duration, params: paramsSchema(kind).parse(params) };
}
