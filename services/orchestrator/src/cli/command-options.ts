/**
 * The options that each command accepts. Options may come before or after the command, so every
 * option that the command would ignore is reported by name.
 */
import type { Command as Commander } from 'commander';
import { fixedByPlan, fixedText } from '../settings/replay.ts';
import { scalarSettings } from '../settings/scalar-settings.ts';

const settings = [...scalarSettings.map(({ flag }) => flag), '--config'];
const accepted: Readonly<Record<string, readonly string[]>> = {
  run: [...settings, '--no-monitor', '--dry-run', '--replay', '--keep', '--no-dashboards'],
  replay: [...settings, '--no-monitor', '--dry-run'],
  check: [...settings, '--no-monitor', '--replay'],
  monitor: ['--url'],
  init: ['--file', '--force', '--openapi'],
  compose: ['--show-secrets', '--output'],
};

export function optionsOf(command: string): readonly string[] {
  const options = accepted[command] ?? [];
  return command === 'replay' ? options.filter((flag) => !isFixedByPlan(flag)) : options;
}

function isFixedByPlan(flag: string): boolean {
  const setting = scalarSettings.find((one) => one.flag === flag);
  return setting !== undefined && fixedByPlan.includes(setting.key);
}

export function problemsOfOptions(program: Commander, command: string): string[] {
  const given = program.options.filter((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  const flags = given.map(({ long }) => long ?? '');
  const isReplay = command === 'replay' || flags.includes('--replay');
  return flags.flatMap((flag) => {
    if (!accepted[command]?.includes(flag))
      return [`${flag}: not an option of "encore ${command}"; it is an option of ${commandsWith(flag)}`];
    if (isReplay && isFixedByPlan(flag)) return [`${flag}: ${fixedText}`];
    return [];
  });
}

function commandsWith(flag: string): string {
  const commands = Object.keys(accepted).filter((command) => accepted[command]?.includes(flag));
  return commands.map((command) => `"encore ${command}"`).join(', ');
}
