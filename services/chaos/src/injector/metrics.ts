/** Metrics of the injector. Every series of every kind exists from the start, at zero. */
import {
  type Actor,
  actorSchema,
  type Effect,
  type FaultKind,
  faultKinds,
  type PlannedFault,
  type System,
  type Target,
} from '@encore/contracts';
import { containerNames, metricsIn, replicasOf, runsProxies, targetsAllowing } from '@encore/kit';
import type { Registry } from 'prom-client';
import type { ContainerStats } from './engine.ts';

export interface InjectorMetrics {
  /** An earlier process left the fault active. */
  inherited(fault: PlannedFault): void;
  injected(fault: PlannedFault): void;
  effect(fault: PlannedFault, effect: Effect): void;
  reverted(fault: PlannedFault): void;
  injectorFailed(): void;
  started(target: string, by: Actor): void;
  /** The engine's figures of a container; null leaves a gap. */
  sampled(target: string, stats: ContainerStats | null): void;
}

export function injectorMetrics(registry: Registry, system: System): InjectorMetrics {
  const { counter, gauge } = metricsIn(registry);
  const active = gauge('chaos_fault_active', 'Faults that are active now', 'kind', 'target');
  const injected = counter('chaos_faults_injected_total', 'Faults that were injected', 'kind', 'target');
  const reverted = counter('chaos_faults_reverted_total', 'Faults whose revert was verified', 'kind', 'target');
  const effects = counter('chaos_fault_effects_total', 'Effect checks by result', 'kind', 'effect');
  const failures = counter(
    'chaos_injector_failures_total',
    'Failures of the injector itself, such as a frozen or restarted Toxiproxy',
  );
  const memory = gauge('chaos_target_memory_bytes', 'Memory in use, without what the kernel can reclaim', 'target');
  const limit = gauge('chaos_target_memory_limit_bytes', 'Current memory limit of the kernel', 'target');
  const cpu = counter('chaos_target_cpu_seconds_total', 'CPU time, as reported by the engine', 'target');
  const starts = counter('chaos_target_starts_total', 'Starts of a target during a run, by actor', 'target', 'actor');
  for (const target of containerNames(system).filter((name) => !runsProxies(system, name)))
    for (const actor of actorSchema.options) starts.inc({ target, actor }, 0);
  const cpuSeconds = new Map<string, number>();
  for (const kind of faultKinds) {
    for (const target of targetsAllowing(system, kind).flatMap((name) => replicasOf(system, name))) {
      const labels: { kind: FaultKind; target: Target } = { kind, target };
      active.set(labels, 0);
      injected.inc(labels, 0);
      reverted.inc(labels, 0);
    }
    for (const effect of ['confirmed', 'absent', 'refused', 'unsupported']) effects.inc({ kind, effect }, 0);
  }
  const of = ({ kind, target }: PlannedFault) => ({ kind, target });
  const held = new Set<string>();
  const hold = (fault: PlannedFault) => {
    held.add(fault.id);
    active.inc(of(fault));
  };
  return {
    inherited: hold,
    injected: (fault) => {
      injected.inc(of(fault));
      hold(fault);
    },
    effect: ({ kind }, effect) => effects.inc({ kind, effect }),
    reverted: (fault) => {
      reverted.inc(of(fault));
      if (held.delete(fault.id)) active.dec(of(fault));
    },
    injectorFailed: () => failures.inc(),
    started: (target, actor) => starts.inc({ target, actor }),
    sampled: (target, stats) => {
      if (stats === null) {
        memory.remove({ target });
        limit.remove({ target });
        return;
      }
      memory.set({ target }, stats.memoryBytes);
      limit.set({ target }, stats.memoryLimitBytes);
      // A restarted container counts from zero.
      const before = cpuSeconds.get(target) ?? stats.cpuSeconds;
      cpu.inc({ target }, stats.cpuSeconds < before ? stats.cpuSeconds : stats.cpuSeconds - before);
      cpuSeconds.set(target, stats.cpuSeconds);
    },
  };
}
