/**
 * Writes the tsconfig.json with which an editor completes and checks the module of a workload. A
 * run does not need it: the load generator supplies @encore/workload itself.
 */
import { join } from 'node:path';
import { workloadFolder } from './workload-names.ts';

/** Next to the module. */
export const editorConfigPath = `${workloadFolder}/tsconfig.json`;

/** `encore`: folder of Encore's checkout, whose TypeScript needs no build. */
export function editorConfigText(encore: string): string {
  const compilerOptions = {
    target: 'esnext',
    lib: ['esnext'],
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(encore, 'node_modules', '@types')],
    noEmit: true,
    strict: true,
    // Node only removes types, so it accepts nothing that needs more.
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    paths: { '@encore/workload': [join(encore, 'packages', 'workload', 'src', 'index.ts')] },
  };
  return [
    '// For your editor: completes and checks the workload. Written by "encore init"; a run does not read it. Its',
    '// absolute paths lead to Encore on this machine, so keep this file out of version control.',
    JSON.stringify({ compilerOptions, include: ['*.mts'] }, null, 2),
    '',
  ].join('\n');
}
