/** Lists the problems of a settings file: path in it, value and what is expected. */
import { type PlannedSystem, runConfigSchema, scheduleRuleSchema } from '@encore/contracts';
import { EncoreError, schemaProblems, unknownKey } from '@encore/kit';
import { type SettingsObject, section } from '@encore/kit/settings-file';
import { applicabilityProblem, kindRefusal } from '@encore/plan';
import { exampleOf, isMetric, metricTable, rowOf } from '../judge/rules/metric-table.ts';
import { holds, parseThreshold, type Threshold } from '../judge/rules/threshold.ts';
import { scalarSettings } from './scalar-settings.ts';

/** Users may write a flag or a variable instead of the setting's name in a file. */
const aliases = Object.fromEntries(
  scalarSettings.flatMap(({ key, flag, variable }) => [flag, variable].map((name) => [name, key])),
);

/** `system` is null if its names are not known. */
export function problemsOfFile(settings: SettingsObject, system: PlannedSystem | null): string[] {
  const all = [
    ...schemaProblems(runConfigSchema, settings, { aliases, expected: expectedAt }),
    ...problemsOfThresholds(settings),
    ...problemsOfAbort(settings),
    ...problemsOfMix(settings),
    ...problemsOfFaults(settings['schedule'], system),
  ];
  return [...new Set(all)];
}

function expectedAt(path: readonly PropertyKey[]): string | undefined {
  const [first, metric] = path;
  // Suggest a rule that fits this metric.
  if (first === 'thresholds' && typeof metric === 'string' && isMetric(metric))
    return `a rule in quotation marks, such as "${exampleOf(metric)}"`;
  return path.length === 1 ? scalarSettings.find(({ key }) => key === first)?.expected : undefined;
}

/** The load generator accepts a mix without `create`; a verdict needs acknowledged writes. */
function problemsOfMix(settings: SettingsObject): string[] {
  if (section(section(settings, 'load'), 'mix')['create'] !== 0) return [];
  return ['load.mix.create: 0 is not valid; expected a weight above 0: without writes there is nothing to verify'];
}

function problemsOfAbort(settings: SettingsObject): string[] {
  const metrics = Object.keys(metricTable);
  const unknown = Object.keys(section(settings, 'abort')).filter((metric) => !metrics.includes(metric));
  return unknown.map((metric) => unknownKey(['abort', metric], metrics));
}

function problemsOfThresholds(settings: SettingsObject): string[] {
  const metrics = Object.keys(metricTable);
  const problems: string[] = [];
  for (const [metric, expression] of Object.entries(section(settings, 'thresholds'))) {
    if (!metrics.includes(metric)) problems.push(unknownKey(['thresholds', metric], metrics));
    else if (typeof expression === 'string')
      try {
        const problem = problemOfRule(parseThreshold(metric, expression));
        if (problem !== null) problems.push(`thresholds.${metric}: "${expression}" ${problem}`);
      } catch (error) {
        if (!(error instanceof EncoreError)) throw error;
        problems.push(error.message);
      }
  }
  return problems;
}

/** Reports a rule that every possible value of its metric satisfies, or that none satisfies. */
function problemOfRule({ metric, aggregation, operator, limit }: Threshold): string | null {
  const { unit } = rowOf(metric);
  // A slope may be negative, so every limit separates its values.
  if (unit === 'bytes per hour') return null;
  const isShare = unit === 'share';
  const values = [0, limit - step, limit, limit + step, ...(isShare ? [1] : [Number.MAX_VALUE])].filter(
    (value) => value >= 0 && (!isShare || value <= 1),
  );
  const results = new Set(values.map((value) => holds(operator, value, limit)));
  if (results.size > 1) return null;
  const range = isShare ? 'from 0 to 1' : aggregation === 'count' ? 'a count of 0 or more' : '0 or more';
  const verb = results.has(true) ? 'can never be broken' : 'can never hold';
  return `${verb}: the metric is ${range}; write a limit within that range, such as "${exampleOf(metric)}", or remove the rule`;
}

/** Smaller than the distance between any two limits in practice. */
const step = 1e-9;

/**
 * Reports faults whose target does not allow the kind, or whose kind does not take the params, in
 * every rule that parses.
 */
function problemsOfFaults(schedule: unknown, system: PlannedSystem | null): string[] {
  return (Array.isArray(schedule) ? schedule : []).flatMap((item, index) => {
    const { target, faults } = scheduleRuleSchema.safeParse(item).data ?? { faults: [] };
    return faults.flatMap(({ kind, params, durationSeconds }, number) => {
      if (target === undefined) return [];
      const problem =
        (system && kindRefusal(system, target, kind)) ??
        applicabilityProblem({ kind, target, params, durationSeconds });
      return problem === null ? [] : [`schedule[${index}].faults[${number}]: ${problem}`];
    });
  });
}
