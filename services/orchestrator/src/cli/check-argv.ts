/**
 * Checks the command line before commander parses it: commander stops at the first unknown
 * argument; this reports all problems together, each with a suggestion.
 */
import { profileNames } from '@encore/contracts';
import { didYouMean, nearestWord } from '@encore/kit';
import type { Command as Commander } from 'commander';
import { type CommandName, commandNames } from './commands.ts';

export interface CheckedArgv {
  problems: string[];
  /** The arguments that have no problem. */
  valid: string[];
  /** The named command, even if its argument is wrong. */
  command?: CommandName | undefined;
}

interface CheckedOptions extends CheckedArgv {
  operands: string[];
}

export function checkArgv(program: Commander, argv: readonly string[]): CheckedArgv {
  const options = checkOptions(program, argv);
  const isHelp = options.valid.some((argument) => argument === '--help' || argument === '-h');
  const operands = checkOperands(program, options.operands, isHelp);
  return {
    problems: [...operands.problems, ...options.problems],
    valid: [...operands.valid, ...options.valid],
    command: commandNames.find((name) => name === options.operands[0]),
  };
}

function checkOptions(program: Commander, argv: readonly string[]): CheckedOptions {
  /** The syntax of each option that takes a value; undefined for a switch. */
  const valueSyntax = new Map<string, string | undefined>([
    ['--help', undefined],
    ['-h', undefined],
  ]);
  for (const { long, short, required, flags } of program.options)
    for (const name of [long, short]) if (name) valueSyntax.set(name, required ? flags : undefined);
  /** By short name: Commander splits `-f=x` differently from `--file=x`. */
  const longNames = new Map(program.options.map(({ long, short }) => [short ?? long, long ?? '']));
  /** Options with a parser of their own collect the values of all their uses. */
  const repeatable = new Set(program.options.flatMap((one) => (one.parseArg ? [one.long, one.short] : [])));
  const checked: CheckedOptions = { problems: [], valid: [], operands: [] };
  const given = new Set<string>();
  const queue = [...argv];
  for (let argument = queue.shift(); argument !== undefined; argument = queue.shift()) {
    if (!argument.startsWith('-') || argument === '-') {
      checked.operands.push(argument);
      continue;
    }
    const name = argument.split('=')[0] ?? '';
    const isKnown = valueSyntax.has(name);
    const meant = isKnown ? name : nearestWord(name, [...valueSyntax.keys()]);
    const next = argument.includes('=') || queue[0]?.startsWith('--') ? undefined : queue[0];
    if (!isKnown) {
      checked.problems.push(`unknown option ${name}.${didYouMean(name, [...valueSyntax.keys()])} See --help`);
      // If the suggested option takes a value, the next argument belongs to this one.
      if (next?.startsWith('-') === false && (meant === undefined || valueSyntax.get(meant))) queue.shift();
      continue;
    }
    const syntax = valueSyntax.get(name);
    if (syntax === undefined) {
      if (argument === name) checked.valid.push(argument);
      else checked.problems.push(`${name}: takes no value; remove ${argument.slice(name.length)}`);
      continue;
    }
    const value =
      argument === name ? (next === undefined ? undefined : queue.shift()) : argument.slice(name.length + 1);
    if (!value) checked.problems.push(`${name}: value missing; write ${syntax}`);
    else if (given.has(name) && !repeatable.has(name)) checked.problems.push(`${name}: given twice; keep one`);
    else checked.valid.push(`${longNames.get(name) ?? name}=${value}`);
    given.add(name);
  }
  return checked;
}

/** Checks the command and its argument. */
function checkOperands(program: Commander, operands: readonly string[], isHelp: boolean): CheckedArgv {
  const [name, ...given] = operands;
  const commandName = name === 'help' ? given[0] : name;
  if (name === undefined || commandName === undefined) return { problems: [], valid: [...operands] };
  const command = program.commands.find((one) => one.name() === commandName);
  if (command === undefined) {
    const names = program.commands.map((one) => one.name());
    const list = `Commands: ${names.join(', ')}. See --help`;
    return { problems: [`unknown command ${commandName}.${suggestion(commandName, names)} ${list}`], valid: [] };
  }
  if (name === 'help' || isHelp) return { problems: [], valid: [...operands] };
  const expected = command.registeredArguments;
  if (given.includes('')) return { problems: [`${name}: the argument is empty`], valid: [] };
  const problems = expected
    .slice(given.length)
    .filter(({ required }) => required)
    .map((argument) => `${name}: argument missing; write "encore ${name} <${argument.name()}>"`);
  for (const argument of given.slice(expected.length))
    problems.push(
      `unexpected argument ${argument}: "encore ${name}" takes ${expected.length === 0 ? 'none' : 'only one'}.${fileSuggestion(name, argument) || suggestion(argument, [])}`,
    );
  return {
    problems,
    valid: given.length < expected.length && problems.length > 0 ? [] : [name, ...given.slice(0, expected.length)],
  };
}

/** `encore init` takes Compose files, not a settings file. */
function fileSuggestion(command: string, argument: string): string {
  return command === 'init' && /\.ya?ml$/.test(argument) ? ` Did you mean -f ${argument}?` : '';
}

/** Suggests a command, or the option for a bare profile name or settings file. */
function suggestion(argument: string, commands: readonly string[]): string {
  if (/\.(ya?ml|json)$/.test(argument)) return ` Did you mean --config ${argument}?`;
  const profile = nearestWord(argument, profileNames);
  return didYouMean(argument, commands) || (profile === undefined ? '' : ` Did you mean --profile ${profile}?`);
}
