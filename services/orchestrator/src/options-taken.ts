/**
 * Which options each command takes. All of them stand before or behind any command, so one that a command would pass over is
 * refused by name: its author would else believe that it was heard.
 */
import type { Command as Commander } from 'commander';
import { decidedByPlan, decidedText } from './settings/replay.ts';
import { scalarSettings } from './settings/scalar-settings.ts';

const settings = [...scalarSettings.map(({ flag }) => flag), '--config'];
const taken: Readonly<Record<string, readonly string[]>> = {
  run: [...settings, '--no-monitor', '--dry-run', '--replay'],
  replay: [...settings, '--no-monitor', '--dry-run'],
  check: [...settings, '--no-monitor', '--replay'],
  monitor: ['--url'],
};

export function optionsOf(command: string): readonly string[] {
  const options = taken[command] ?? [];
  return command === 'replay' ? options.filter((flag) => !isDecided(flag)) : options;
}

/** By a stored plan. */
function isDecided(flag: string): boolean {
  const setting = scalarSettings.find((one) => one.flag === flag);
  return setting !== undefined && decidedByPlan.includes(setting.key);
}

export function problemsOfOptions(program: Commander, command: string): string[] {
  const given = program.options.filter((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  const flags = given.map(({ long }) => long ?? '');
  const isReplay = command === 'replay' || flags.includes('--replay');
  return flags.flatMap((flag) => {
    if (!taken[command]?.includes(flag)) return [`${flag}: "encore ${command}" does not take it${whoTakes(flag)}`];
    if (isReplay && isDecided(flag)) return [`${flag}: ${decidedText}`];
    return [];
  });
}

function whoTakes(flag: string): string {
  const takers = Object.keys(taken).filter((command) => taken[command]?.includes(flag));
  return `; it is for ${takers.map((command) => `"encore ${command}"`).join(', ')}`;
}
