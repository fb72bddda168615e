/** The first words of a run: what will be done, to whom, and what its author may not have meant. Pure. */
import type { Plan, RunConfig } from '@encore/contracts';
import { planWarnings } from '@encore/plan';
import { thresholdsOf } from '../judge/rules.ts';
import { counted } from '../judge/words.ts';
import { controlText } from '../report/control-text.ts';

export function openingLines(runId: string, config: RunConfig, plan: Plan): string[] {
  const { profile, hours, users, seed } = config;
  const best = (plan.bestSuccessRate * 100).toFixed(1);
  return [
    `Encore run ${runId}: ${profile}, ${hours} h, ${counted(users, 'user')}, ${struckText(config, plan)}`,
    ...noticeLines(config, plan),
    `Seed ${seed}, plan ${plan.hash.slice(0, 12)}: ${counted(plan.faults.length, 'fault')}, at best ${best} % of operations right`,
  ];
}

/** What must be known before anything else, also of a plan that is only looked at. */
export function noticeLines(config: RunConfig, plan: Plan): string[] {
  const control = controlText(config);
  const warnings = planWarnings(plan, config).map((warning) => `Warning: ${warning}`);
  return control === null ? warnings : [`This is a ${control}.`, ...warnings];
}

/** The settings that a plan does not hold: how much load, and which rules the verdict applies. For `--dry-run`. */
export function settingLines(config: RunConfig, plan: Plan): string[] {
  const { profile, hours, users, recoveryTimeoutSeconds, load } = config;
  const rules = Object.entries(thresholdsOf(config, plan.faults.length > 0));
  return [
    `Run of ${hours} h with profile ${profile}`,
    `  users                ${users}, think time ${load.thinkSeconds.min} to ${load.thinkSeconds.max} s`,
    `  mix                  ${Object.entries(load.mix)
      .map(([kind, weight]) => `${kind} ${weight}`)
      .join(', ')}`,
    `  recovery limit       ${recoveryTimeoutSeconds} s`,
    ...rules.map(([metric, rule], index) => `  ${(index === 0 ? 'rules' : '').padEnd(21)}${metric}: ${rule}`),
  ];
}

function struckText(config: RunConfig, plan: Plan): string {
  if (config.control === 'server-down') return 'a server that is down all the time';
  if (config.schedule !== undefined) return 'a schedule of its own';
  const kills = plan.faults.some(({ kind }) => kind === 'crash' || kind === 'outage');
  const struck = kills ? `a kill every ${config.killIntervalMinutes} min` : 'no kill';
  return config.control === 'no-bite' ? `${struck}, none of which does anything` : struck;
}
