/**
 * The commands of `encore` and the options that each accepts. Options may come before or after the
 * command, so every option that the command would ignore is reported by name.
 */
import type { Command as Commander } from 'commander';
import { fixedByPlan, fixedText } from '../settings/replay.ts';
import { scalarSettings } from '../settings/scalar-settings.ts';

interface CommandHelp {
  /** In commander's syntax: `<required>` or `[optional]`. */
  argument?: string;
  description: string;
  options?: readonly string[];
}

const settings = [...scalarSettings.map(({ flag }) => flag), '--config'];

/** In the order of `encore --help`. */
export const commands = {
  run: {
    description:
      'test your own project if this folder has an encore.yaml, otherwise the bundled lab (the default command)',
    options: [...settings, '--no-monitor', '--dry-run', '--replay', '--keep', '--no-dashboards'],
  },
  replay: {
    argument: '<plan>',
    description: 'run a stored plan again: a plan.json, or the folder or report of a run; for the bundled lab only',
    options: [...settings, '--no-monitor', '--dry-run'],
  },
  report: {
    argument: '[run]',
    description: 'recreate the report from the files of a run, even of one that was killed (default: the last run)',
  },
  verify: {
    argument: '<folder>',
    description:
      'recompute the verdict from the files of a run and compare it with the stored report; exit with the code of the recomputed verdict, or with 4 if the report differs',
  },
  check: {
    description: 'run only the preflight checks, and print a fix for each problem; for the bundled lab only',
    options: [...settings, '--replay'],
  },
  revert: {
    description: 'revert all active faults; in a folder with encore.yaml, stop and remove what its runs left behind',
  },
  monitor: { description: 'watch a run from another terminal', options: ['--url'] },
  init: {
    description: 'write encore.yaml for your own Compose project, without starting the project',
    options: ['--file', '--force', '--openapi'],
  },
  compose: {
    description: 'print the Compose file that a run of your own project would start',
    options: ['--show-secrets', '--output'],
  },
  faults: { description: 'list the kinds of faults, with their default durations' },
  scenarios: { description: 'list the bundled scenarios' },
} satisfies Record<string, CommandHelp>;
export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as CommandName[];
export const helpOf = (name: CommandName): CommandHelp => commands[name];

/** The options that `encore COMMAND --help` lists. */
export function optionsOf(name: CommandName): readonly string[] {
  const { options = [] } = helpOf(name);
  return name === 'replay' ? options.filter((flag) => !isFixedByPlan(flag)) : options;
}

function isFixedByPlan(flag: string): boolean {
  const setting = scalarSettings.find((one) => one.flag === flag);
  return setting !== undefined && fixedByPlan.includes(setting.key);
}

export function problemsOfOptions(program: Commander, command: CommandName): string[] {
  const given = program.options.filter((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  const flags = given.map(({ long }) => long ?? '');
  const isReplay = command === 'replay' || flags.includes('--replay');
  return flags.flatMap((flag) => {
    if (!accepts(command, flag))
      return [`${flag}: not an option of "encore ${command}"; it is an option of ${commandsWith(flag)}`];
    if (isReplay && isFixedByPlan(flag)) return [`${flag}: ${fixedText}`];
    return [];
  });
}

const accepts = (name: CommandName, flag: string): boolean => helpOf(name).options?.includes(flag) === true;

function commandsWith(flag: string): string {
  const names = commandNames.filter((name) => accepts(name, flag));
  return names.map((name) => `"encore ${name}"`).join(', ');
}
