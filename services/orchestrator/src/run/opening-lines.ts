/** Formats the first lines of a run: settings, plan, and warnings about likely mistakes. */

import { isKill, type Plan, type RunConfig } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { planWarnings } from '@encore/plan';
import { thresholdsOf } from '../judge/rules/rules.ts';
import { controlText } from '../report/phrases.ts';
import { plannedProof } from './planned-proof.ts';

export function openingLines(runId: string, config: RunConfig, plan: Plan): string[] {
  const { profile, hours, users, seed } = config;
  const best = (plan.bestSuccessRate * 100).toFixed(1);
  return [
    `Encore run ${runId}: ${profile}, ${hours} h, ${pluralize(users, 'user')}, ${scheduleText(config, plan)}`,
    ...noticeLines(config, plan),
    `Seed ${seed}, plan ${plan.hash.slice(0, 12)}: ${pluralize(plan.faults.length, 'fault')}, estimated best success rate ${best} %`,
  ];
}

/** Notices that come first, including for `--dry-run`. */
export function noticeLines(config: RunConfig, plan: Plan): string[] {
  const control = controlText(config);
  const warnings = planWarnings(plan, config).map((warning) => `Warning: ${warning}`);
  return control === null ? warnings : [`This is ${control}.`, ...warnings];
}

/**
 * The settings that a plan does not contain, load and verdict rules, with what each rule can show.
 * For `--dry-run`.
 */
export function settingLines(config: RunConfig, plan: Plan): string[] {
  const { profile, hours, users, recoveryTimeoutSeconds, load } = config;
  const rules = Object.entries(thresholdsOf(config, plan.faults.length > 0));
  return [
    `Profile ${profile}, ${hours} h`,
    `  users                ${users}, think time ${load.thinkSeconds.min} to ${load.thinkSeconds.max} s`,
    `  mix                  ${
      Object.entries(load.mix)
        .map(([kind, weight]) => `${kind} ${weight}`)
        .join(', ') || "the workload's defaults"
    }`,
    `  recovery limit       ${recoveryTimeoutSeconds} s`,
    ...rules.map(([metric, rule], index) => {
      const proof = plannedProof(metric, rule, config, plan);
      const line = `  ${(index === 0 ? 'rules' : '').padEnd(21)}${metric}: ${rule}`;
      return proof === null ? line : `${line.padEnd(58)}  ${proof}`;
    }),
    `  ${''.padEnd(21)}Rates are those that this run would detect with 95 % probability, if failures are independent.`,
  ];
}

function scheduleText(config: RunConfig, plan: Plan): string {
  if (config.control === 'server-down') return `${plan.system.recoveryOf} stays down`;
  if (config.schedule !== undefined) return 'custom schedule';
  const hasKills = plan.faults.some(isKill);
  const kills = hasKills ? `a kill every ${config.killIntervalMinutes} min` : 'no kills';
  return config.control === 'noop-faults' ? `${kills}, without any effect` : kills;
}
