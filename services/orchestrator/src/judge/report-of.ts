/** Converts evidence, observations and verdict to the report schema. */
import { outcomes, type Report, type ReportedFault, reportSchema } from '@encore/contracts';
import { ownValue, withoutNumber } from '@encore/kit';
import { percentileOf } from '../figures.ts';
import { isBeyondDoubt } from './collect/interventions.ts';
import type { Evidence } from './evidence.ts';
import { type BackToNormal, type FaultRecord, isUnsupported, stagesOf } from './faults/fault-record.ts';
import type { FinalizedFault } from './faults/finalize.ts';
import { notTested } from './observations/not-tested.ts';
import type { ObservedRun } from './observations/observers.ts';
import { plannedFaultsOf } from './observations/planned-faults.ts';
import { warningsOf } from './observations/warnings.ts';
import type { Latencies } from './read/latencies.ts';
import { provenFindings } from './rules/metrics.ts';

export function reportOf(
  evidence: ObservedRun,
  verdict: Pick<Report, 'result' | 'reasons' | 'thresholds'>,
  { notes, latencies }: { notes: readonly string[]; latencies: Latencies | undefined },
): Report {
  const { run, plan, traffic, availability, attribution, interventions, alerts, generator } = evidence;
  const startedAt = run.started?.at ?? run.firstAt;
  const endedAt = run.ended?.at ?? run.lastAt;
  const report: Report = {
    schema_version: 3,
    schema_minor_version: 2,
    run_id: run.started?.runId ?? 'unknown',
    ...verdict,
    warnings: [...warningsOf(evidence), ...notes],
    started_at: iso(startedAt),
    ended_at: iso(endedAt),
    duration_seconds: seconds(Math.max(0, endedAt - startedAt)),
    observed_seconds: seconds(evidence.observedSeconds * 1_000),
    gaps: gapsOf(evidence),
    seed: run.started?.seed ?? plan.seed,
    plan_hash: plan.hash,
    config: run.started?.config ?? {},
    environment: run.started?.environment ?? {},
    totals: totalsOf(evidence),
    capacity: capacityOf(evidence),
    outcomes: Object.fromEntries(outcomes.map((name) => [name, traffic.attempts.get(name) ?? 0])) as Report['outcomes'],
    operations: operationsOf(evidence, latencies),
    availability: {
      overall: availability.overall,
      fault_free_windows: availability.faultFreeWindows,
      without_sheds: availability.withoutSheds,
      longest_outage_seconds: availability.longestOutageSeconds,
    },
    alerts: alerts.list.map(({ at, ...alert }) => ({ at: iso(at), ...alert })),
    manual_interventions: interventions.manual
      .filter((act) => isBeyondDoubt(act, evidence))
      .map(({ at, ...act }) => ({ at: iso(at), ...act })),
    recoveries: recoveriesOf(evidence),
    planned_faults: plannedFaultsOf(evidence),
    recovery_of: evidence.plan.system.recoveryOf,
    faults: evidence.faults.map((fault) => faultOf(fault, evidence)),
    attribution: {
      explained: {
        ...Object.fromEntries(attribution.explained),
        ...(attribution.injector > 0 && { injector: attribution.injector }),
      },
      unexplained: attribution.unexplained,
      unexplained_samples: attribution.samples.map(({ at, ...sample }) => ({ at: iso(at), ...sample })),
    },
    integrity: integrityOf(evidence),
    resources: resourcesOf(evidence),
    hygiene: hygieneOf(evidence),
    generator: {
      late_start_rate: generator.lateStartRate,
      event_loop_delay_p99_ms: generator.eventLoopDelayP99Ms,
      cpu_share: generator.cpuShare,
      within_limits: generator.withinLimits,
    },
    proxy_clients: evidence.clients.of(Object.keys(evidence.plan.system.proxies)),
    not_tested: notTested(evidence),
  };
  return reportSchema.parse(report);
}

/** Clamps the time to the range of a Date, so that a corrupt time does not prevent the report. */
function iso(at: number): string {
  return new Date(Math.min(8.64e15, Math.max(-8.64e15, at))).toISOString();
}

function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}

function rounded(value: number | null): number | null {
  return value === null ? null : seconds(value * 1_000);
}

function gapsOf({ run, traffic, measured }: Evidence): Report['gaps'] {
  const unseen = measured === null ? [] : traffic.unseenWithin(measured);
  const holes = unseen.map((span) => ({ ...span, reason: 'no data from the load generator' }));
  return [...run.gaps, ...holes]
    .sort((a, b) => a.fromAt - b.fromAt)
    .map(({ fromAt, toAt, reason }) => ({ from: iso(fromAt), to: iso(toAt), reason }));
}

function totalsOf({ traffic, observedSeconds }: Evidence): Report['totals'] {
  const { ok, failed, unknown, skipped } = traffic.totals;
  const attempts = traffic.attemptCount;
  return {
    operations: ok + failed + unknown,
    attempts,
    ok,
    failed,
    unknown,
    skipped,
    success_rate: traffic.successRate,
    success_rate_of_planned: traffic.successRateOfPlanned,
    attempt_success_rate: traffic.attemptSuccessRate,
    requests_per_second: observedSeconds === 0 ? 0 : Number((attempts / observedSeconds).toFixed(2)),
  };
}

/** Throughput without faults and users. No rule uses it. */
function capacityOf({ run: { capacity: event } }: Evidence): Report['capacity'] {
  if (event?.type !== 'capacity_measured') return null;
  const { tool, connections, answered, refused, lost, latencyMs } = event;
  return {
    tool,
    connections,
    duration_seconds: Number(event.seconds.toFixed(3)),
    requests_per_second: Number(event.requestsPerSecond.toFixed(2)),
    answered,
    refused,
    lost,
    latency_ms: latencyMs,
  };
}

function operationsOf({ traffic, run }: Evidence, latencies: Latencies | undefined): Report['operations'] {
  // The summary has all of them; without it, those that were performed are known.
  const names = new Set([...Object.keys(run.loadSummary?.operations ?? {}), ...traffic.operations.keys()]);
  const rows = [...names].map((name) => {
    const summary = run.loadSummary?.operations[name];
    // A load generator that was killed reports no percentiles, so take them from its log.
    const service_ms = summary?.serviceMs ?? latencies?.service.get(name) ?? null;
    const response_ms = summary?.responseMs ?? latencies?.response.get(name) ?? null;
    return [name, { ...traffic.countsOf(name), service_ms, response_ms }] as const;
  });
  return Object.fromEntries(rows);
}

function recoveriesOf({ faults, settings: { recoveryTimeoutSeconds: limit } }: Evidence): Report['recoveries'] {
  const took = faults
    .flatMap(({ recovery }) => (recovery.state === 'recovered' ? [recovery.seconds] : []))
    .sort((a, b) => a - b);
  return {
    count: took.length,
    late: took.filter((one) => one >= limit).length,
    failed: faults.filter(({ recovery }) => recovery.state === 'not_recovered').length,
    limit_seconds: limit,
    mean_seconds: took.length === 0 ? null : seconds((took.reduce((sum, one) => sum + one, 0) / took.length) * 1_000),
    p95_seconds: rounded(percentileOf(took, 95)),
    max_seconds: rounded(took.at(-1) ?? null),
    back_to_normal: returnsOf(faults),
  };
}

function returnsOf(faults: readonly FinalizedFault[]): Report['recoveries']['back_to_normal'] {
  const returns = faults.flatMap(({ backToNormal }) => backToNormal ?? []);
  const took = returns.flatMap((one) => (one.state === 'normal' ? [one.seconds] : [])).sort((a, b) => a - b);
  return {
    measured: took.length,
    never: returns.filter(({ state }) => state === 'never').length,
    unknown: returns.filter(({ state }) => state === 'censored').length,
    p95_seconds: rounded(percentileOf(took, 95)),
    max_seconds: rounded(took.at(-1) ?? null),
  };
}

function reportedReturn(backToNormal: BackToNormal | null): ReportedFault['back_to_normal'] {
  switch (backToNormal?.state) {
    case 'normal':
      return { state: 'normal', seconds: rounded(backToNormal.seconds) };
    case 'never':
      return { state: 'never', seconds: null };
    case 'censored':
      return { state: 'unknown', seconds: rounded(backToNormal.atLeastSeconds), reason: backToNormal.reason };
    case undefined:
      return null;
  }
}

function faultOf(
  { record, recovery, recoveredBy, backToNormal }: FinalizedFault,
  { run, plan, monitoring, attribution, services, faults }: ObservedRun,
): ReportedFault {
  const { fault, injectedAt } = record;
  const stages = stagesOf(record);
  const steadyAt = run.phases.find(({ phase }) => phase === 'steady')?.at;
  const plannedFrom = steadyAt ?? (run.started?.at ?? run.firstAt) + plan.rampSeconds * 1_000;
  // The read-back restarts the server, which is not a recovery.
  const readBackAt = run.phases.find(({ phase }) => phase === 'read-back')?.at ?? Number.POSITIVE_INFINITY;
  const since = (at: number | null): number | null =>
    at === null || injectedAt === null || at >= readBackAt ? null : seconds(Math.max(0, at - injectedAt));
  const nextAt = Math.min(
    readBackAt,
    ...faults.flatMap(({ record: { injectedAt: at } }) =>
      at !== null && injectedAt !== null && at > injectedAt ? [at] : [],
    ),
  );
  return {
    id: fault.id,
    kind: fault.kind,
    target: fault.target,
    params: fault.params,
    planned_at: iso(plannedFrom + fault.atSeconds * 1_000),
    injected_at: injectedAt === null ? null : iso(injectedAt),
    duration_seconds: fault.durationSeconds,
    effect: record.effect ?? (isUnsupported(record) ? 'unsupported' : 'absent'),
    evidence: evidenceOf(record),
    reverted_at: record.revertedAt === null ? null : iso(record.revertedAt),
    revert_verified: record.revertVerified,
    revert_cause: record.revertCause,
    recovered_by: recoveredBy,
    stages: {
      detected: since(record.detectedAt),
      restarted: since(stages.restartedAt),
      port: since(stages.portAt),
      ready: since(stages.readyAt),
      first_success: since(stages.firstSuccessAt),
      back_to_normal: since(record.returned?.state === 'normal' ? record.returned.at : null),
    },
    recovery_seconds: recovery.state === 'recovered' ? seconds(recovery.seconds * 1_000) : null,
    back_to_normal: reportedReturn(backToNormal),
    services: services.of(record, nextAt),
    attempts_failed: attribution.explained.get(fault.id) ?? 0,
    monitoring: monitoring?.get(fault.id) ?? null,
  };
}

function evidenceOf(record: FaultRecord): string {
  if (record.evidence !== '') return record.evidence;
  if (record.skipped !== null) return `skipped: ${record.skipped.reason}`;
  return record.injectedAt === null ? 'never injected' : 'the effect check is missing';
}

function integrityOf(evidence: Evidence): Report['integrity'] {
  const { integrity, run } = evidence;
  const read = run.finalReadBack !== null;
  const seen = (count: number): number | null => (read || count > 0 ? count : null);
  return {
    acknowledged: integrity.entries === 0 ? null : integrity.acknowledged,
    read_back: read ? integrity.readBack : null,
    lost: provenFindings('lost', evidence),
    corrupt: provenFindings('corrupt', evidence),
    duplicate: provenFindings('duplicate', evidence),
    phantom: provenFindings('phantom', evidence),
    unknown_present: seen(integrity.unknownPresent),
    unknown_absent: seen(integrity.unknownAbsent),
    samples: run.samples.count,
    sampled: run.samples.objects,
  };
}

function resourcesOf({ resources, plan }: Evidence): Report['resources'] {
  const rounded = (bytes: number | null): number | null => (bytes === null ? null : Math.round(bytes));
  return Object.fromEntries(
    [...resources.containers].map(([name, container]) => {
      return [
        name,
        {
          memory_peak_bytes: container.peakBytes === 0 ? null : container.peakBytes,
          memory_limit_bytes: container.limitBytes > 0 ? container.limitBytes : null,
          memory_slope_bytes_per_hour: rounded(resources.slopeOf(name)),
          memory_second_half_slope_bytes_per_hour: rounded(resources.secondHalfSlopeOf(name)),
          memory_bound: ownValue(plan.system.containers, withoutNumber(name))?.memoryBound ?? null,
          cpu_seconds: container.lastCpuSeconds === null ? null : Number(container.cpuSeconds.toFixed(2)),
          restarts: Object.fromEntries(container.restarts),
        },
      ];
    }),
  );
}

function hygieneOf({ run: { hygiene } }: Evidence): Report['hygiene'] {
  return {
    leaked_toxics: hygiene?.leakedToxics ?? null,
    leaked_pauses: hygiene?.leakedPauses ?? null,
    limits_not_restored: hygiene?.limitsNotRestored ?? null,
    external_containers_touched: hygiene?.externalContainersTouched ?? null,
  };
}
