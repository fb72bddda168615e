/**
 * The settings of a run: fills in the workload's defaults, and refuses names that the workload does
 * not have. A file in the run's folder keeps them for a read-back by another generator.
 */
import type { LoadRunRequest } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import type { RunSettings, WorkloadDescription } from './worker/messages.ts';

export const settingsFile = 'load.json';
/** What a read-back needs of `RunSettings`. */
export const runSettingsSchema = z.object({
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
});

export function runSettings(request: LoadRunRequest, workload: WorkloadDescription): RunSettings {
  const { runId, seed, users, load } = request;
  const mix = { ...workload.operations, ...load.mix };
  const parameters = { ...workload.parameters, ...load.parameters };
  const problems = [
    ...unknownNames('load.mix', load.mix, workload.operations),
    ...unknownNames('load.parameters', load.parameters, workload.parameters),
    ...Object.entries(load.parameters).flatMap(([name, value]) => {
      const expected = typeof workload.parameters[name];
      return expected === 'undefined' || expected === typeof value
        ? []
        : [`load.parameters.${name}: ${JSON.stringify(value)} is not valid; expected a ${expected}`];
    }),
    ...(Object.values(mix).some((weight) => weight > 0) ? [] : ['load.mix: at least one weight must be above 0']),
  ];
  if (problems.length > 0) throw new EncoreError('INVALID_LOAD', `workload ${workload.name}: ${problems.join('; ')}`);
  return { runId, seed, users, mix, thinkSeconds: load.thinkSeconds, parameters };
}

function unknownNames(path: string, given: object, known: object): string[] {
  return Object.keys(given)
    .filter((name) => !(name in known))
    .map((name) => `${path}.${name} is unknown; use ${Object.keys(known).join(', ') || 'none'}`);
}
