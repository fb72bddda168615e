/**
 * The default schedule:
 *
 * - a kill at (k - 1/2) times the kill interval, alternating between crash and outage;
 * - a memory cap between kills; after every second kill, memory pressure and a graceful restart in
 *   turn;
 * - network faults on the entry proxy at random intervals, mostly delays, some total outages.
 *
 * Kinds that the system description does not allow are left out. A runtime without memory pressure
 * skips that fault.
 */
import type { PlannedSystem, RunConfig, ScheduleRule } from '@encore/contracts';
import { kindRefusal } from '@encore/kit';

type Config = Pick<RunConfig, 'killIntervalMinutes' | 'network'>;

export function defaultSchedule(config: Config, system: PlannedSystem): ScheduleRule[] {
  const { intervalSeconds, durationSeconds } = config.network;
  // No server can respond during a total outage, so those use the shorter half of the range.
  const short = { min: durationSeconds.min, max: (durationSeconds.min + durationSeconds.max) / 2 };
  const capSeconds = Math.min(60, Math.max(8, Math.floor((config.killIntervalMinutes * 60) / 6)));
  const spikeSeconds = Math.min(20, Math.max(5, Math.floor((config.killIntervalMinutes * 60) / 12)));
  const { recoveryOf, entry } = system;
  const rules: ScheduleRule[] = [
    {
      name: 'kills',
      target: recoveryOf,
      when: { everyMinutes: config.killIntervalMinutes, phase: 0.5 },
      pick: 'in-turn',
      overlap: false,
      faults: [
        { kind: 'crash', weight: 1, params: {} },
        { kind: 'outage', weight: 1, params: {} },
      ],
    },
    {
      name: 'memory',
      target: recoveryOf,
      when: { everyMinutes: config.killIntervalMinutes, phase: 1 },
      pick: 'in-turn',
      overlap: false,
      faults: [{ kind: 'memory-cap', weight: 1, params: {}, durationSeconds: { min: capSeconds, max: capSeconds } }],
    },
    {
      name: 'spikes-and-restarts',
      target: recoveryOf,
      when: { everyMinutes: 2 * config.killIntervalMinutes, phase: 0.375 },
      pick: 'in-turn',
      overlap: false,
      faults: [
        { kind: 'memory-pressure', weight: 1, params: {}, durationSeconds: { min: spikeSeconds, max: spikeSeconds } },
        { kind: 'restart', weight: 1, params: {} },
      ],
    },
    {
      name: 'network',
      target: entry,
      when: { betweenSeconds: intervalSeconds },
      pick: 'weighted',
      overlap: false,
      faults: [
        { kind: 'latency', weight: 2, params: { latencyMs: 300 }, durationSeconds },
        { kind: 'latency', weight: 1, params: { latencyMs: 800 }, durationSeconds },
        { kind: 'jitter', weight: 2, params: { latencyMs: 200, jitterMs: 150 }, durationSeconds },
        { kind: 'bandwidth', weight: 2, params: { kilobytesPerSecond: 128 }, durationSeconds },
        { kind: 'reset-peer', weight: 1, params: {}, durationSeconds: short },
        { kind: 'timeout', weight: 1, params: {}, durationSeconds: short },
        { kind: 'connection-refused', weight: 1, params: {}, durationSeconds: short },
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
