/**
 * What the user asked for, as one value. Nothing is started here and nothing is printed; the only thing read is a file
 * that the user named. The lab without Docker reads the same command line before it starts anything.
 */
import { randomInt } from 'node:crypto';
import type { Plan, RunConfig } from '@encore/contracts';
import { invalidValue } from '@encore/kit';
import { makePlan, refusePlan } from '@encore/plan';
import { Command as Commander, CommanderError } from 'commander';
import { checkWords } from './command-line-words.ts';
import { pageUrl } from './config.ts';
import { optionsOf, problemsOfOptions } from './options-taken.ts';
import { readReplay } from './settings/replay.ts';
import { resolveSettings } from './settings/resolve-settings.ts';
import { scalarSettings } from './settings/scalar-settings.ts';

export type Command =
  | { name: 'run'; config: RunConfig; plan: Plan; dryRun: boolean }
  | { name: 'check'; config: RunConfig; plan: Plan }
  | { name: 'report' | 'verify'; folder: string }
  | { name: 'monitor'; url: string }
  | { name: 'heal' | 'faults' | 'scenarios' }
  /** Help or version: print it and end with 0. */
  | { name: 'print'; text: string };

export interface Problems {
  name: 'refused';
  problems: string[];
}

const version = '0.1.0';
const examples = `
Examples:
  encore                                        24 hours, 100 users, a kill every hour
  encore --profile smoke --seed 7               3 minutes, reproducible
  encore --hours 4 --users 50 --kill-interval 30
  encore --config scenarios/swizzle.yaml        settings from a file (JSON or YAML)
  encore --profile quick --dry-run              print the plan, start nothing
  encore --profile smoke --control server-down  a run that must fail
  encore verify test_results/production_test_20260101_120000

Settings: profile < file < environment (ENCORE_HOURS, ENCORE_USERS, ...) < flags.
Exit codes: 0 passed, 1 failed, 2 inconclusive, 3 refused to start, 130 interrupted;
of verify also 4: the stored report says something else than the files.`;

interface Options {
  monitor: boolean;
  config?: string;
  dryRun?: boolean;
  replay?: string;
  url?: string;
}
interface Asked {
  name: Command['name'] | 'replay';
  operand: string;
}

export function parseCommandLine(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  randomSeed: () => number = () => randomInt(2 ** 31),
): Command | Problems {
  let asked: Asked = { name: 'run', operand: '' };
  let printed = '';
  const program = describeProgram(
    (text) => {
      printed += text;
    },
    (name, operand) => {
      asked = { name, operand };
    },
  );
  const { problems: complaints, known, command: named } = checkWords(program, argv);
  try {
    program.parse(known, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0)
      return complaints.length > 0 ? { name: 'refused', problems: complaints } : { name: 'print', text: printed };
    complaints.push(error.message.replace(/^error: /, ''));
  }
  complaints.push(...problemsOfOptions(program, named ?? asked.name), ...problemsOfPorts(env));
  const command = build(asked, program, { env, randomSeed });
  if (command.name === 'refused') complaints.push(...command.problems);
  return complaints.length > 0 ? { name: 'refused', problems: complaints } : command;
}

function describeProgram(
  print: (text: string) => void,
  choose: (name: Asked['name'], operand: string) => void,
): Commander {
  const program = new Commander('encore')
    .description('Kills a server every hour, breaks its network, and says with evidence whether it came back.')
    .version(version)
    .exitOverride()
    // Complaints come back as exceptions; subcommands inherit this.
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .allowExcessArguments(false)
    .helpCommand(true)
    .addHelpText('after', examples)
    .action(() => choose('run', ''));
  for (const { flagSyntax, help } of scalarSettings) program.option(flagSyntax, help);
  program
    .option(
      '--config <file>',
      'settings from a JSON or YAML file, see docs/CONFIGURATION.md (environment: ENCORE_CONFIG)',
    )
    .option('--no-monitor', 'plain lines instead of the live display')
    .option('--dry-run', 'print the plan and its best possible success rate; start nothing')
    .option('--replay <plan>', 'the same as the command replay')
    .option(
      '--url <url>',
      'where `encore monitor` finds the lab (default: on this machine, port ENCORE_PORT_PAGE or 8080)',
    );
  const add = (name: Asked['name'], argument: string, description: string): void => {
    const command = program.command(`${name} ${argument}`.trim()).description(description);
    const options = optionsOf(name);
    if (options.length > 0)
      command.addHelpText('after', `\nTakes ${options.join(', ')}; "encore --help" says what they are.`);
    command.action((operand: unknown) => choose(name, typeof operand === 'string' ? operand : ''));
  };
  add('run', '', 'run the lab (this is the default)');
  add('replay', '<plan>', 'run a stored plan again: a plan.json, or the folder or report of a run');
  add(
    'report',
    '[run]',
    'make the reports again from what was recorded, also of a run that was killed (default: the last)',
  );
  add(
    'verify',
    '<folder>',
    'judge a run again from its files alone, and compare the stored report; ends with its exit code',
  );
  add('check', '', 'look whether a run could start, and say what to mend');
  add('heal', '', 'undo every fault that is still there');
  add('monitor', '', 'watch a run from another terminal');
  add('faults', '', 'list the kinds of fault');
  add('scenarios', '', 'list the settings files that come along');
  return program;
}

function build(
  asked: Asked,
  program: Commander,
  context: { env: NodeJS.ProcessEnv; randomSeed: () => number },
): Command | Problems {
  const options = program.opts<Options>();
  switch (asked.name) {
    case 'run':
    case 'check':
    case 'replay':
      return planned(asked, program, context);
    case 'report':
    case 'verify':
      return { name: asked.name, folder: asked.operand };
    case 'monitor':
      return watched(options.url, context.env);
    default:
      return { name: asked.name as 'heal' | 'faults' | 'scenarios' };
  }
}

function watched(given: string | undefined, env: NodeJS.ProcessEnv): Command | Problems {
  // A port that is none was complained about already.
  if (given === undefined) return { name: 'monitor', url: pageUrl(env) };
  if (/^https?:$/.test(URL.parse(given)?.protocol ?? '')) return { name: 'monitor', url: given };
  const right = "the address of the lab's page, such as http://127.0.0.1:8080";
  return { name: 'refused', problems: [`--url: ${invalidValue(given, right)}`] };
}

/** Where Compose publishes the lab, and where another terminal finds it. */
function problemsOfPorts(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    !/^ENCORE_PORT_[A-Z]+$/.test(name) ||
    !value ||
    (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535)
      ? []
      : [`${name}: ${invalidValue(value, 'a port, from 1 to 65535')}`],
  );
}

/** The commands that need settings and a plan. */
function planned(
  asked: Asked,
  program: Commander,
  context: { env: NodeJS.ProcessEnv; randomSeed: () => number },
): Command | Problems {
  const options = program.opts<Options>();
  const values = program.opts<Record<string, string | undefined>>();
  const problems: string[] = [];
  const stored = asked.name === 'replay' ? asked.operand : options.replay;
  const replay = stored === undefined ? null : readReplay(stored);
  if (replay?.ok === false) problems.push(replay.problem);
  if (
    replay?.ok === true &&
    replay.settings === null &&
    values['profile'] === undefined &&
    options.config === undefined
  )
    problems.push(
      `${stored}: has no readable config.json beside it, so the users, limits and rules of its run are unknown; restore the file, or name them with --profile or --config`,
    );
  const resolved = resolveSettings({
    flags: Object.fromEntries(scalarSettings.map(({ flag }) => [flag, values[camelCase(flag)]])),
    monitor: options.monitor,
    configPath: options.config,
    base: replay?.ok === true ? (replay.settings ?? undefined) : undefined,
    ...context,
  });
  if (!resolved.ok) problems.push(...resolved.problems);
  if (!resolved.ok || problems.length > 0) return { name: 'refused', problems };
  const { config } = resolved;
  if (replay?.ok === true) {
    // The plan decides how long the run is and with which seed, whatever else was said.
    config.seed = replay.plan.seed;
    config.rampSeconds = replay.plan.rampSeconds;
    config.hours = (replay.plan.rampSeconds + replay.plan.steadySeconds) / 3_600;
  }
  const plan = replay?.ok === true ? replay.plan : makePlan(config);
  // A stored plan was consented to when it was made.
  const refusals = replay === null ? refusePlan(plan, config) : [];
  if (refusals.length > 0) return { name: 'refused', problems: [...refusals, ...originOf(config)] };
  if (asked.name === 'check') return { name: 'check', config, plan };
  return { name: 'run', config, plan, dryRun: options.dryRun === true };
}

/** Where the schedule of a refused plan comes from, for those who wrote none. */
function originOf({ schedule, profile, hours, killIntervalMinutes, control }: RunConfig): string[] {
  if (schedule !== undefined || control === 'server-down') return [];
  const from = `--profile ${profile}, --hours ${hours} and --kill-interval ${killIntervalMinutes}`;
  return [`this schedule follows from ${from}: change one of them`];
}

function camelCase(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
