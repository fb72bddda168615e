/**
 * Only the bundled lab's own files name its targets: any other program takes the names from the
 * system description.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { describe, it } from 'mocha';
import { root } from './support/command.ts';

const sources = [
  'packages/{contracts,kit,plan}/src',
  'packages/project/src/{dashboards,monitoring}',
  'services/{chaos,orchestrator}/src',
  'scripts',
];
/** Fakes that stand for the bundled lab. */
const isForTests = (file: string): boolean => /\.(test|fixture)\.ts$|\/testing\//.test(file);

/** Equal words that are not targets, by file. */
const otherMeanings: Readonly<Record<string, readonly string[]>> = {
  // The protocol of a proxy.
  'packages/contracts/src/kinds/kind.ts': ['postgres'],
  'packages/contracts/src/system.ts': ['postgres'],
  'services/chaos/src/injector/proxy-probe.ts': ['postgres'],
  // The name of a dashboard, and of a job of Prometheus.
  'scripts/dashboards/server.ts': ['server'],
  'scripts/make-dashboards.ts': ['server'],
};

const { containers, proxies } = readSystemFile(bundledSystemFile);
const names = [...Object.keys(containers), ...Object.keys(proxies)];

/** The targets that a program names in quotes, as a member of a record, or in a PromQL label. */
function namedIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return names.filter((name) =>
    [`'${name}'`, `"${name}"`, `\`${name}\``, `memoryBytes.${name}`, `memoryLimitBytes.${name}`].some((form) =>
      code.includes(form),
    ),
  );
}

/** Files whose texts are about the bundled server, or about a server in general. */
const aboutServers: readonly string[] = [
  'packages/contracts/src/errors.ts', // of the bundled server, too
  'packages/contracts/src/kinds/kind.ts', // what tool-stall needs
  'packages/contracts/src/kinds/resources.ts', // tool-stall
  'packages/project/src/encore-file/system-parts.ts', // the server of a protocol
  'packages/project/src/run/applicable-kinds.ts',
];

/** Quoted sentences with the word "server"; names such as `server-down` do not count. */
function sentencesIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/\s.*$/gm, '');
  const literals = [...code.matchAll(/'[^'\n]*'|"[^"\n]*"|`[^`\n]*`/g)].map(([literal]) => literal);
  return literals.filter(
    (literal) =>
      /(?<!-)\bservers?\b(?![-:])/i.test(literal.replaceAll(/\$\{[^}]*\}/g, '')) && /[a-z] [a-z]/i.test(literal),
  );
}

describe('names of the bundled lab', () => {
  const files = globSync(
    sources.map((folder) => `${folder}/**/*.{ts,js}`),
    { cwd: root },
  );

  it('are in system.yaml and in no program that works with any system', () => {
    assert.ok(files.length > 150, `${files.length} files`);
    const found = files
      .filter((file) => !isForTests(file))
      .flatMap((file) => {
        const words = namedIn(readFileSync(join(root, file), 'utf8'));
        return words.filter((word) => !otherMeanings[file]?.includes(word)).map((word) => `${file}: ${word}`);
      });
    assert.deepEqual(found, []);
  });

  it('have no part in texts about any system: they name the container, or the system', () => {
    const texts = globSync(
      '{packages/{contracts,kit,plan,project},services/{chaos,loadgen,orchestrator}}/src/**/*.{ts,js}',
      {
        cwd: root,
      },
    ).filter((file) => !isForTests(file));
    const found = texts.flatMap((file) =>
      sentencesIn(readFileSync(join(root, file), 'utf8')).map((sentence) => `${file}: ${sentence}`),
    );
    const files = (list: readonly string[]): string[] => [...new Set(list.map((line) => line.split(': ')[0] ?? ''))];
    assert.deepEqual(
      found.filter((line) => !aboutServers.some((file) => line.startsWith(file))),
      [],
    );
    assert.deepEqual(files(found).sort(), [...aboutServers]);
  });

  it('have another meaning only where the list allows it', () => {
    for (const [file, words] of Object.entries(otherMeanings))
      assert.deepEqual(namedIn(readFileSync(join(root, file), 'utf8')), words, file);
  });
});
