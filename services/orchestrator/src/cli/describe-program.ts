/** The commands and options of `encore`, with their help, as commander knows them. */
import { Command as Commander, Option } from 'commander';
import { scalarSettings } from '../settings/scalar-settings.ts';
import { type CommandName, commandNames, helpOf, optionsOf } from './commands.ts';

const version = '0.1.0';
const examples = `
Examples:
  encore                                        24 hours, 100 users, a kill every hour
  encore --profile smoke --seed 7               3 minutes, reproducible
  encore --hours 4 --users 50 --kill-interval 30
  encore --config scenarios/swizzle.yaml        settings from a file (JSON or YAML)
  encore --profile quick --dry-run              print the plan without starting it
  encore --profile smoke --control server-down  a control run, which must fail
  encore verify test_results/production_test_20260101_120000
  encore init                                   describe your own Compose project in encore.yaml
  encore run                                    test the project that encore.yaml in this folder describes
  encore init --openapi api.yaml                write a workload for an API

Precedence of settings: profile < file < environment (ENCORE_HOURS, ENCORE_USERS, ...) < flags.
Exit codes: 0 PASSED, 1 FAILED, 2 INCONCLUSIVE, 3 refused to start, 130 INTERRUPTED.
"encore verify" exits with 4 if the stored report differs from what it recomputed.`;

/** Options that are not settings, as parsed. */
export interface Options {
  file?: string[];
  force?: boolean;
  openapi?: string;
  showSecrets?: boolean;
  output?: string;
  keep?: boolean;
  dashboards: boolean;
  monitor: boolean;
  config?: string;
  dryRun?: boolean;
  replay?: string;
  url?: string;
}
export function describeProgram(
  print: (text: string) => void,
  choose: (name: CommandName, operand: string) => void,
): Commander {
  const program = new Commander('encore')
    .description(
      'Tests your own project or the bundled lab: puts load on it, kills services, breaks connections, and reports with evidence whether it recovered.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    // Errors are thrown, not printed; subcommands inherit this.
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .allowExcessArguments(false)
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', examples)
    .action(() => choose('run', ''));
  for (const { flagSyntax, help } of scalarSettings) program.option(flagSyntax, help);
  program
    .option(
      '--config <file>',
      'read settings of the bundled lab from a JSON or YAML file, see docs/CONFIGURATION.md (environment: ENCORE_CONFIG); those of your own project are in encore.yaml',
    )
    .option('--no-monitor', 'print plain lines instead of the monitor')
    .option('--dry-run', 'print the plan and what the run can prove, without starting anything')
    .option(
      '--keep',
      'leave the containers of your own project up after the run, until `encore revert`; not available for a project without Docker',
    )
    .option('--no-dashboards', 'run your own project without Prometheus and Grafana')
    .option('--replay <plan>', 'use a stored plan, as `encore replay` does; for the bundled lab only')
    .option(
      '--url <url>',
      'address of the live page that `encore monitor` reads (default: this machine, port ENCORE_PORT_PAGE or 8080)',
    )
    .option(
      '-f, --file <file>',
      'Compose file that `encore init` reads; may be repeated (default: those that Compose finds)',
      (file: string, files: string[] = []) => [...files, file],
    )
    .option(
      '--openapi <file>',
      'make `encore init` write a workload for this OpenAPI document (2.0, 3.0 or 3.1) instead of encore.yaml; use - for standard input',
    )
    .option('--force', 'let `encore init` replace an existing encore.yaml, or with --openapi an existing workload')
    .option('--show-secrets', 'show the values that `encore compose` masks, such as environment variables')
    .option('--output <file>', 'write the output of `encore compose` to a file that only you can read');
  for (const name of commandNames) {
    const { argument = '', description } = helpOf(name);
    const command = program.command(`${name} ${argument}`.trim()).description(description);
    const accepted = program.options.filter(({ long }) => long && optionsOf(name).includes(long));
    command.configureHelp({ visibleOptions: () => [...accepted, new Option('-h, --help', 'print this help')] });
    command.action((operand: unknown) => choose(name, typeof operand === 'string' ? operand : ''));
  }
  return program;
}
