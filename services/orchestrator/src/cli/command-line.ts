/**
 * Parses the command line into one value. Starts and prints nothing; reads only the files that the
 * user names. The lab without Docker parses the same command line before it starts anything.
 */
import { randomInt } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan, RunConfig, System } from '@encore/contracts';
import { canonicalJson, EncoreError, invalidValue, plannedSystem } from '@encore/kit';
import { makePlan, refusePlan } from '@encore/plan';
import { encoreFileName } from '@encore/project/encore-file-name';
import { type Command as Commander, CommanderError } from 'commander';
import { pageUrl, readSystem } from '../config.ts';
import { readReplay } from '../settings/replay.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';
import { configVariable, scalarSettings } from '../settings/scalar-settings.ts';
import { checkArgv } from './check-argv.ts';
import { type CommandName, problemsOfOptions } from './commands.ts';
import { describeProgram, type Options } from './describe-program.ts';

export type Command =
  | { name: 'run'; config: RunConfig; plan: Plan; system: System; dryRun: boolean }
  | { name: 'check'; config: RunConfig; plan: Plan; system: System }
  | { name: 'report' | 'verify'; folder: string }
  | { name: 'monitor'; url: string }
  | { name: 'revert' | 'faults' | 'scenarios' }
  | { name: 'init'; files: string[]; force: boolean; openapi: string | null }
  | { name: 'compose'; showSecrets: boolean; output: string | undefined }
  /** A run of the project in the current folder. Its encore.yaml is not read yet. */
  | ({ name: 'run-project' } & ProjectRunOptions)
  | { name: 'revert-project' }
  /** Help or version: print the text and exit with 0. */
  | { name: 'print'; text: string };

export interface ProjectRunOptions {
  /** By flag, as written. */
  flags: Partial<Record<string, string>>;
  monitor: boolean;
  dryRun: boolean;
  /** Leaves the containers up. */
  keep: boolean;
  /** False if --no-dashboards is given. */
  dashboards: boolean;
}

export interface Problems {
  name: 'refused';
  problems: string[];
}

/** The root folder of this repository. */
export const checkout = join(import.meta.dirname, '..', '..', '..', '..');
/** The files that Compose looks for by default. */
const composeFileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const noConfig = (remove: string): string =>
  `only for the bundled lab; ${remove} it, and put the settings into ${encoreFileName}`;
const noReplay =
  'plans of your own project cannot be replayed; "encore run --seed N" with the seed of that run and the same encore.yaml makes the same plan';
/** Why commands for the bundled lab are refused in a folder with encore.yaml. */
const ofBundledLab: Partial<Record<CommandName, string>> = {
  check:
    'check: this needs a running lab, which your own project has only during a run; "encore run --dry-run" checks what can be checked without one, and "encore run" makes the preflight checks before it starts the load',
  replay: `replay: ${noReplay}`,
};

/** The chosen command and its argument. */
interface Request {
  name: CommandName;
  operand: string;
}

export function parseCommandLine(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  randomSeed: () => number = () => randomInt(2 ** 31),
): Command | Problems {
  let request: Request = { name: 'run', operand: '' };
  let printed = '';
  const program = describeProgram(
    (text) => {
      printed += text;
    },
    (name, operand) => {
      request = { name, operand };
    },
  );
  const { problems, valid, command: named } = checkArgv(program, argv);
  try {
    program.parse(valid, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0)
      return problems.length > 0 ? { name: 'refused', problems } : { name: 'print', text: printed };
    problems.push(error.message.replace(/^error: /, ''));
  }
  problems.push(...problemsOfOptions(program, named ?? request.name), ...problemsOfPorts(env));
  const command = build(request, program, { env, randomSeed });
  if (command.name === 'refused') problems.push(...command.problems);
  return problems.length > 0 ? { name: 'refused', problems } : command;
}

function build(
  request: Request,
  program: Commander,
  context: { env: NodeJS.ProcessEnv; randomSeed: () => number },
): Command | Problems {
  const options = program.opts<Options>();
  if (existsSync(encoreFileName)) {
    if (request.name === 'run') return projectRun(program, context.env);
    if (request.name === 'revert') return { name: 'revert-project' };
    const refused = ofBundledLab[request.name];
    if (refused !== undefined) return { name: 'refused', problems: [refused] };
  } else if (request.name === 'run' && isForeignProject(context.env))
    return {
      name: 'refused',
      problems: [
        `no ${encoreFileName} here; run "encore init" first, or run the bundled lab from its checkout, ${checkout}`,
      ],
    };
  switch (request.name) {
    case 'run':
    case 'check':
    case 'replay':
      return planned(request, program, context);
    case 'report':
    case 'verify':
      return { name: request.name, folder: request.operand };
    case 'monitor':
      return monitored(options.url, context.env);
    case 'init':
      return initOf(options);
    case 'compose':
      return { name: 'compose', showSecrets: options.showSecrets === true, output: options.output };
    default:
      return { name: request.name };
  }
}

/**
 * True in the folder of another Compose project: its user does not mean to start the lab's 24-hour
 * run.
 */
function isForeignProject(env: NodeJS.ProcessEnv): boolean {
  // The lab's own container runs in the checkout that is mounted there.
  if (env['ENCORE_CHECKOUT']) return false;
  return composeFileNames.some((name) => existsSync(name)) && realpathSync('.') !== realpathSync(checkout);
}

function projectRun(program: Commander, env: NodeJS.ProcessEnv): Command | Problems {
  const { monitor, dashboards, config, replay, dryRun = false, keep = false } = program.opts<Options>();
  const problems = [
    ...(config === undefined ? [] : [`--config: ${noConfig('remove')}`]),
    ...(env[configVariable] ? [`${configVariable}: ${noConfig('unset')}`] : []),
    ...(replay === undefined ? [] : [`--replay: ${noReplay}`]),
  ];
  if (problems.length > 0) return { name: 'refused', problems };
  return { name: 'run-project', flags: flagsOf(program), monitor, dryRun, keep, dashboards };
}

/** The settings that have flags of their own, by flag, as written. */
function flagsOf(program: Commander): Partial<Record<string, string>> {
  const values = program.opts<Record<string, string | undefined>>();
  return Object.fromEntries(scalarSettings.map(({ flag }) => [flag, values[camelCase(flag)]]));
}

function monitored(given: string | undefined, env: NodeJS.ProcessEnv): Command | Problems {
  // problemsOfPorts reports an invalid port.
  if (given === undefined) return { name: 'monitor', url: pageUrl(env) };
  if (/^https?:$/.test(URL.parse(given)?.protocol ?? '')) return { name: 'monitor', url: given };
  const right = 'the address of the live page, such as http://127.0.0.1:8080';
  return { name: 'refused', problems: [`--url: ${invalidValue(given, right)}`] };
}

/** Checks the ports that Compose publishes and that other terminals connect to. */
function problemsOfPorts(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    !/^ENCORE_PORT_[A-Z]+$/.test(name) ||
    !value ||
    (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535)
      ? []
      : [`${name}: ${invalidValue(value, 'a port from 1 to 65535')}`],
  );
}

function initOf({ file: files = [], force = false, openapi }: Options): Command | Problems {
  if (openapi !== undefined && files.length > 0)
    return { name: 'refused', problems: ['--file: --openapi reads no Compose file; remove one of the two'] };
  return { name: 'init', files, force, openapi: openapi ?? null };
}

/** Builds the commands that need settings and a plan. */
function planned(
  request: Request,
  program: Commander,
  context: { env: NodeJS.ProcessEnv; randomSeed: () => number },
): Command | Problems {
  const options = program.opts<Options>();
  const flags = flagsOf(program);
  const problems = request.name === 'run' ? problemsOfProjectOptions(options) : [];
  const stored = request.name === 'replay' ? request.operand : options.replay;
  const read = stored === undefined ? null : readReplay(stored);
  if (read?.ok === false) problems.push(read.problem);
  const replay = read?.ok === true ? read : null;
  if (replay?.settings === null && flags['--profile'] === undefined && options.config === undefined)
    problems.push(
      `${stored}: no readable config.json next to the plan, so the users, limits and rules of that run are unknown; restore the file, or set them with --profile or --config`,
    );
  const system = systemOf(context.env);
  if ('problems' in system) return { name: 'refused', problems: [...problems, ...system.problems] };
  if (replay !== null && canonicalJson(replay.plan.system) !== canonicalJson(plannedSystem(system)))
    problems.push(
      `${stored}: the plan is for another system, with other targets or allowed kinds; make a new plan with "encore run"`,
    );
  const resolved = resolveSettings({
    system,
    flags,
    monitor: options.monitor,
    configPath: options.config,
    base: replay?.settings ?? undefined,
    ...context,
  });
  if (!resolved.ok) problems.push(...resolved.problems);
  if (!resolved.ok || problems.length > 0) return { name: 'refused', problems };
  const { config } = resolved;
  if (replay !== null) {
    // The plan determines the length and the seed of the run.
    config.seed = replay.plan.seed;
    config.rampSeconds = replay.plan.rampSeconds;
    config.hours = (replay.plan.rampSeconds + replay.plan.steadySeconds) / 3_600;
  }
  const plan = replay?.plan ?? makePlan(config, system);
  // A stored plan was checked when it was made.
  const refusals = replay === null ? refusePlan(plan, config) : [];
  if (refusals.length > 0) return { name: 'refused', problems: [...refusals, ...originOf(config)] };
  if (request.name === 'check') return { name: 'check', config, plan, system };
  return { name: 'run', config, plan, system, dryRun: options.dryRun === true };
}

/** A run of the bundled lab would ignore these options. */
function problemsOfProjectOptions({ keep, dashboards }: Options): string[] {
  const given = [...(keep ? ['--keep'] : []), ...(dashboards ? [] : ['--no-dashboards'])];
  return given.map((flag) => `${flag}: only for your own project, and this folder has no ${encoreFileName}; remove it`);
}

function systemOf(env: NodeJS.ProcessEnv): System | { problems: string[] } {
  try {
    return readSystem(env);
  } catch (error) {
    if (!(error instanceof EncoreError)) throw error;
    return { problems: error.message.split('\n') };
  }
}

/** The settings that a default schedule results from: its user wrote no schedule to correct. */
function originOf({ schedule, profile, hours, killIntervalMinutes, control }: RunConfig): string[] {
  if (schedule !== undefined || control === 'server-down') return [];
  const settings = `--profile ${profile}, --hours ${hours} and --kill-interval ${killIntervalMinutes}`;
  return [`this schedule results from ${settings}; change one of them`];
}

function camelCase(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
