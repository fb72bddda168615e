/**
 * Words that docs/GLOSSARY.md replaced do not come back; comments stay within 100 columns, Markdown
 * within 120.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { root } from './support/command.ts';

/** Each with what to write instead. They match whole words, and words within identifiers. */
const banned: readonly [RegExp, string][] = [
  [/deeds?/, 'active fault'],
  [/bite|bites|bitten/, 'effect, effect check'],
  [/undo|undone|undoes/, 'revert'],
  [/heal|heals|healed|healer|healing/, 'revert, reconcile or recover'],
  [/(?:fault )?keeper/, 'registry'],
  [/strays/, 'drift'],
  [/audience|greet/, 'event subscribers'],
  [/conductor|disturb(?:ed|ance|s)?/, 'run controller, interrupt'],
  [/surroundings/, 'context'],
  [/unwinnable/, 'infeasible'],
  [/inert/, 'no-op'],
  [/surges?/, 'traffic spike'],
  [/teeth/, 'mutation tests'],
  [/twins?/, 'clean run'],
  [/unsealed/, 'missing checksum'],
  [/anew/, 'again'],
  [/borne/, 'tolerated'],
  [/mend(?:s|ed)?/, 'fix'],
  [/so many|so much/, 'a number, or this many'],
  [/comes to nothing|lets go of|by hand of/, 'plain words'],
  [/tells|told|says/, 'reports, records, returns'],
  [/[kmg]i b/, 'KB, MB or GB'],
];

/** Where a word has another meaning, by path. */
const allowed: readonly [RegExp, RegExp][] = [
  [/^docs\/GLOSSARY\.md$|^test\/vocabulary\.test\.ts$/, /./],
  // MIDI's word for the track with tempo and time signature.
  [/^packages\/music\/src\/formats\/midi\/midi-/, /conductor/],
  // The unit of GOMEMLIMIT.
  [/^docker-compose\.yml$|^packages\/project\/src\/generate\/sidecar\.ts$|^test\/prometheus\.test\.ts$/, /mi b/],
];

const folders = [
  'packages',
  'services',
  'workloads',
  'embedded',
  'scripts',
  'bench',
  'test',
  'docker',
  'docs',
  'scenarios',
  '.github',
  'prometheus',
  'examples',
];
const extensions = /\.(ts|mjs|md|ya?ml|sh)$/;

function* textFiles(folder: string): Generator<string> {
  for (const name of readdirSync(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (name === 'node_modules') continue;
    if (statSync(join(root, path)).isDirectory()) yield* textFiles(path);
    else if (extensions.test(name)) yield path;
  }
}

/** `spawnHealer` has the word healer, `no_heal` has heal; `cheaply` has neither. */
const wordsOf = (line: string): string =>
  line
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();

function bannedIn(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const words = wordsOf(line);
    return banned.flatMap(([pattern, instead]) => {
      const found = new RegExp(`\\b(?:${pattern.source})\\b`).exec(words)?.[0];
      if (found === undefined || allowed.some(([where, word]) => where.test(path) && word.test(found))) return [];
      return [`${path}:${index + 1}: "${found}", write ${instead}`];
    });
  });
}

/** Comment lines, and the ends of lines of code that are comments. */
function longCommentsIn(path: string, text: string): string[] {
  if (!/\.(ts|mjs)$/.test(path)) return [];
  return text
    .split('\n')
    .flatMap((line, index) =>
      line.length > 100 && /^\s*(\/\/|\/?\*)[^#]/.test(line) ? [`${path}:${index + 1}: ${line.length} columns`] : [],
    );
}

/** Prose only: rows of a table, lines of code and the report of a past run may be longer. */
function longProseIn(path: string, text: string): string[] {
  if (!path.endsWith('.md') || path === 'docs/example-run/report.md') return [];
  const prose = text.replaceAll(/^```.*?^```/gms, (code) => code.replaceAll(/.+/g, ''));
  return prose
    .split('\n')
    .flatMap((line, index) =>
      line.length > 120 && !/^(\||\s{4})/.test(line) ? [`${path}:${index + 1}: ${line.length} columns`] : [],
    );
}

describe('vocabulary', () => {
  const files = [
    ...folders.flatMap((folder) => [...textFiles(folder)]),
    'README.md',
    'CONTRIBUTING.md',
    'docker-compose.yml',
  ];
  const texts = files.map((path) => [path, readFileSync(join(root, path), 'utf8')] as const);

  it('has none of the words that the glossary replaced', () => {
    assert.deepEqual(
      texts.flatMap(([path, text]) => bannedIn(path, text)),
      [],
    );
  });

  it('keeps comments within 100 columns', () => {
    assert.deepEqual(
      texts.flatMap(([path, text]) => longCommentsIn(path, text)),
      [],
    );
  });

  it('keeps Markdown within 120 columns', () => {
    assert.deepEqual(
      texts.flatMap(([path, text]) => longProseIn(path, text)),
      [],
    );
    assert.equal(longProseIn('a.md', `${'x'.repeat(121)}\n\`\`\`\n${'x'.repeat(121)}\n\`\`\`\n`).length, 1);
  });

  it('finds a word within identifiers, and not within other words', () => {
    assert.equal(bannedIn('a.ts', 'const spawnHealer = no_heal;').length, 1);
    assert.equal(bannedIn('a.ts', 'only 0 MiB left').length, 1);
    assert.deepEqual(bannedIn('a.ts', 'cheaply commends the healthy amendment'), []);
    assert.equal(longCommentsIn('a.ts', `// ${'x'.repeat(98)}`).length, 1);
    assert.ok(files.length > 700, `only ${files.length} files were read`);
  });
});
