/**
 * Looks at the words of a command line before commander does: commander stops at the first that it does not know, and here
 * all of them are told together, each by name and with what was probably meant.
 */
import { profileNames } from '@encore/contracts';
import { didYouMean, nearestWord } from '@encore/kit';
import type { Command as Commander } from 'commander';

export interface Words {
  problems: string[];
  /** The command line without the words that have a problem. */
  known: string[];
  /** The command that was named, also where its argument is not right. */
  command?: string | undefined;
}

interface OptionWords extends Words {
  operands: string[];
}

export function checkWords(program: Commander, argv: readonly string[]): Words {
  const options = checkOptions(program, argv);
  const asksForHelp = options.known.some((word) => word === '--help' || word === '-h');
  const operands = checkOperands(program, options.operands, asksForHelp);
  return {
    problems: [...operands.problems, ...options.problems],
    known: [...operands.known, ...options.known],
    command: program.commands.map((one) => one.name()).find((name) => name === options.operands[0]),
  };
}

function checkOptions(program: Commander, argv: readonly string[]): OptionWords {
  /** What each option wants, as its help writes it; undefined where it stands alone. */
  const wants = new Map<string, string | undefined>([
    ['--help', undefined],
    ['-h', undefined],
  ]);
  for (const { long, short, required, flags } of program.options)
    for (const name of [long, short]) if (name) wants.set(name, required ? flags : undefined);
  const words: OptionWords = { problems: [], known: [], operands: [] };
  const given = new Set<string>();
  const queue = [...argv];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (!word.startsWith('-') || word === '-') {
      words.operands.push(word);
      continue;
    }
    const name = word.split('=')[0] ?? '';
    const known = wants.has(name);
    const meant = known ? name : nearestWord(name, [...wants.keys()]);
    const next = word.includes('=') || queue[0]?.startsWith('--') ? undefined : queue[0];
    if (!known) {
      words.problems.push(`${name}: there is no such option.${didYouMean(name, [...wants.keys()])} See --help`);
      // What follows is taken for its value, as it is with the option that was meant.
      if (next?.startsWith('-') === false && (meant === undefined || wants.get(meant))) queue.shift();
      continue;
    }
    const value = wants.get(name);
    if (value === undefined) {
      if (word === name) words.known.push(word);
      else words.problems.push(`${name}: takes no value; leave out ${word.slice(name.length)}`);
      continue;
    }
    const text = word === name ? (next === undefined ? undefined : queue.shift()) : word.slice(name.length + 1);
    if (!text) words.problems.push(`${name}: its value is missing; give ${value}`);
    else if (given.has(name)) words.problems.push(`${name}: is given twice; keep one`);
    else words.known.push(`${name}=${text}`);
    given.add(name);
  }
  return words;
}

/** The command and what it is done to. */
function checkOperands(program: Commander, operands: readonly string[], asksForHelp: boolean): Words {
  const [name, ...given] = operands;
  const asked = name === 'help' ? given[0] : name;
  if (name === undefined || asked === undefined) return { problems: [], known: [...operands] };
  const command = program.commands.find((one) => one.name() === asked);
  if (command === undefined) {
    const names = program.commands.map((one) => one.name());
    const commands = `The commands are ${names.join(', ')}; see --help`;
    return { problems: [`${asked}: there is no such command.${meantBy(asked, names)} ${commands}`], known: [] };
  }
  if (name === 'help' || asksForHelp) return { problems: [], known: [...operands] };
  const wanted = command.registeredArguments;
  if (given.includes('')) return { problems: [`${name}: its argument is empty`], known: [] };
  const problems = wanted
    .slice(given.length)
    .filter(({ required }) => required)
    .map((argument) => `${name}: say which, as in "encore ${name} <${argument.name()}>"`);
  for (const word of given.slice(wanted.length))
    problems.push(
      `${word}: "encore ${name}" takes ${wanted.length === 0 ? 'no argument' : 'one argument only'}.${meantBy(word, [])}`,
    );
  return {
    problems,
    known: given.length < wanted.length && problems.length > 0 ? [] : [name, ...given.slice(0, wanted.length)],
  };
}

/** A profile or a settings file that stands alone is as likely as a mistyped command. */
function meantBy(word: string, commands: readonly string[]): string {
  if (/\.(ya?ml|json)$/.test(word)) return ` Did you mean --config ${word}?`;
  const profile = nearestWord(word, profileNames);
  return didYouMean(word, commands) || (profile === undefined ? '' : ` Did you mean --profile ${profile}?`);
}
