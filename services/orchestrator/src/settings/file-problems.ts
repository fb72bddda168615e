/** What is wrong in a settings file: the path of the file as it was given, the place in it, and what would be right. */
import { runConfigSchema, scheduleRuleSchema } from '@encore/contracts';
import { EncoreError, schemaProblems, unknownKey } from '@encore/kit';
import { aimProblem } from '@encore/plan';
import { exampleOf, isMetric, metricShapes, parseThreshold } from '../judge/threshold.ts';
import { isObject, type SettingsObject } from './config-file.ts';
import { scalarSettings } from './scalar-settings.ts';

/** A flag or a variable of the same setting is as good a guess as its name in a file. */
const aliases = Object.fromEntries(
  scalarSettings.flatMap(({ key, flag, variable }) => [flag, variable].map((name) => [name, key])),
);

export function problemsOfFile(settings: SettingsObject, file: string): string[] {
  const all = [
    ...schemaProblems(runConfigSchema, settings, { aliases, right: rightAt }),
    ...problemsOfThresholds(settings['thresholds']),
    ...problemsOfAims(settings['schedule']),
  ];
  return [...new Set(all)].map((problem) => `${file}: ${problem}`);
}

function rightAt(path: readonly PropertyKey[]): string | undefined {
  const [first, metric] = path;
  // A rule that the metric at this place would take.
  if (first === 'thresholds' && typeof metric === 'string' && isMetric(metric))
    return `a rule in quotation marks, such as "${exampleOf(metric)}"`;
  return path.length === 1 ? scalarSettings.find(({ key }) => key === first)?.right : undefined;
}

function problemsOfThresholds(thresholds: unknown): string[] {
  const metrics = Object.keys(metricShapes);
  const problems: string[] = [];
  for (const [metric, expression] of isObject(thresholds) ? Object.entries(thresholds) : []) {
    if (!metrics.includes(metric)) problems.push(unknownKey(['thresholds', metric], metrics));
    else if (typeof expression === 'string')
      try {
        parseThreshold(metric, expression);
      } catch (error) {
        if (!(error instanceof EncoreError)) throw error;
        problems.push(error.message);
      }
  }
  return problems;
}

/** Faults at targets or with params that their kind does not take, in the rules that can be read. */
function problemsOfAims(schedule: unknown): string[] {
  return (Array.isArray(schedule) ? schedule : []).flatMap((item, index) => {
    const { target, faults } = scheduleRuleSchema.safeParse(item).data ?? { faults: [] };
    return faults.flatMap(({ kind, params }, number) => {
      const problem = target === undefined ? null : aimProblem({ kind, target, params });
      return problem === null ? [] : [`schedule[${index}].faults[${number}]: ${problem}`];
    });
  });
}
