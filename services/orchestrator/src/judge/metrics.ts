/** The figures that rules may speak of, taken from the evidence. `of` is the number of trials behind a count. */
import type { Evidence } from './evidence.ts';
import type { MetricName } from './threshold.ts';
import { list } from './words.ts';

export type Figure =
  | { shape: 'value'; value: number | null }
  | { shape: 'count'; count: number | null; of?: number; note?: string }
  | { shape: 'trend'; samples: number[]; of?: number; note?: string };

export const metrics: Record<MetricName, (evidence: Evidence) => Figure> = {
  success_rate: ({ traffic }) => ({ shape: 'value', value: traffic.successRate }),
  attempt_success_rate: ({ traffic }) => ({ shape: 'value', value: traffic.attemptSuccessRate }),
  availability: ({ availability }) => ({ shape: 'value', value: availability.overall }),
  availability_control: ({ availability }) => ({ shape: 'value', value: availability.controlWindows }),
  availability_without_sheds: ({ availability }) => ({ shape: 'value', value: availability.withoutSheds }),
  longest_outage_seconds: ({ availability }) => ({ shape: 'value', value: availability.longestOutageSeconds }),
  recovery_seconds: recoverySeconds,
  detection_seconds: (evidence) => stageSeconds(evidence, 'detectedAt'),
  baseline_seconds: (evidence) => stageSeconds(evidence, 'baselineAt'),
  lost_writes: ({ integrity, run }) => {
    // A score that nobody read back is neither kept nor lost.
    const verified = run.finalReadBack !== null && integrity.unverified === 0;
    return provenCount(integrity.lost, verified, integrity.readBack);
  },
  corrupt_writes: ({ integrity, run }) =>
    provenCount(integrity.corrupt, run.finalReadBack !== null, integrity.readBack),
  duplicate_writes: ({ integrity, run }) =>
    provenCount(integrity.duplicate, run.finalReadBack !== null, integrity.readBack),
  phantom_writes: ({ integrity, run }) =>
    provenCount(integrity.phantom, run.finalReadBack !== null, integrity.readBack),
  leaks: ({ run: { hygiene }, faults }) => ({
    shape: 'count',
    count: hygiene && hygiene.leakedToxics + hygiene.leakedPauses + hygiene.limitsOffBaseline,
    of: faults.filter(({ record }) => record.injectedAt !== null).length,
  }),
  foreign_containers: ({ run: { hygiene } }) => ({
    shape: 'count',
    count: hygiene?.foreignContainersTouched ?? null,
  }),
  manual_interventions: ({ interventions, run }) => ({
    shape: 'count',
    count: run.started && interventions.manual.length,
  }),
  unexpected_exits: ({ interventions, run }) => ({
    shape: 'count',
    count: run.started && interventions.unexpectedExits.length,
  }),
  unexplained_failures: ({ attribution, traffic }) => ({
    shape: 'count',
    count: traffic.attemptCount === 0 ? null : attribution.unexplained,
    of: traffic.attemptCount,
  }),
  wrong_answers: ({ traffic }) => ({
    shape: 'count',
    count:
      traffic.attemptCount === 0 ? null : (traffic.attempts.get('corrupt') ?? 0) + (traffic.attempts.get('stale') ?? 0),
    of: traffic.attemptCount,
  }),
  sheds: ({ traffic }) => ({
    shape: 'count',
    count: traffic.attemptCount === 0 ? null : (traffic.attempts.get('shed') ?? 0),
    of: traffic.attemptCount,
  }),
  memory_slope_bytes_per_hour: ({ resources }) => ({ shape: 'value', value: resources.slopeOf('server') }),
  memory_peak_share: ({ resources }) => ({
    shape: 'value',
    value: resources.containers.get('server')?.peakShare ?? null,
  }),
};

function recoverySeconds({ faults }: Evidence): Figure {
  const samples: number[] = [];
  const missing: string[] = [];
  for (const { record, recovery } of faults) {
    if (recovery.state === 'recovered') samples.push(recovery.seconds);
    if (recovery.state === 'not_recovered') {
      samples.push(Number.POSITIVE_INFINITY);
      missing.push(`${record.fault.id} (${record.fault.kind})`);
    }
  }
  const figure: Figure = { shape: 'trend', samples, of: samples.length };
  return missing.length === 0 ? figure : { ...figure, note: `no right answer ever after ${list(missing)}` };
}

function stageSeconds({ faults }: Evidence, stage: 'detectedAt' | 'baselineAt'): Figure {
  const samples = faults.flatMap(({ record }) => {
    const at = record[stage];
    return at === null || record.injectedAt === null ? [] : [(at - record.injectedAt) / 1_000];
  });
  return { shape: 'trend', samples };
}

/** A violation that was seen counts, proof or no proof; a zero needs proof. */
function provenCount(count: number, proven: boolean, of: number): Figure {
  return { shape: 'count', count: count > 0 || proven ? count : null, of };
}
