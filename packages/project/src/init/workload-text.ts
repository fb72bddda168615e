/** Writes the simplest workload of a project: the GET requests that were found. */
import type { Discovery } from '../discover/discover-project.ts';
import type { FoundPort } from '../discover/find-ports.ts';
import { operationName, workloadFolder } from './workload-names.ts';

export const workloadPath = `${workloadFolder}/encore.workload.mts`;
/** Not a dependency of this package: the load generator supplies it to the module. */
const workloadPackage = '@encore/workload';

/** Returns the text of the module. */
export function workloadText({ entry, paths }: { entry: FoundPort; paths: Discovery['paths'] }): string {
  const found = paths.length > 0 ? paths : [{ path: '/', source: 'no other path was found' }];
  const names = new Map<string, { path: string; source: string }>();
  for (const one of found) names.set(operationName(wordsOfPath(one.path), names), one);
  const [probe] = found;
  return [
    `// What users do with ${entry.service}:${entry.port}. Written by "encore init"; edit it freely.`,
    '// A request fails unless it is answered with a status from 200 to 299.',
    `import { defineWorkload } from '${workloadPackage}';`,
    '',
    'export default defineWorkload({',
    '  operations: {',
    ...[...names].flatMap(([name, { path, source }]) => [
      `    // ${source.replaceAll(/[\r\n]/g, ' ')}`,
      `    ${quoted(name)}: {`,
      '      weight: 1,',
      '      run: async ({ http }) => {',
      `        await http.get(${quoted(path)});`,
      '      },',
      '    },',
    ]),
    '  },',
    '  // The request that measures availability.',
    `  probe: { request: { method: 'GET', path: ${quoted(probe?.path ?? '/')} } },`,
    '});',
    '',
  ].join('\n');
}

/** `get`, `api` and `items` for `/api/items`. */
function wordsOfPath(path: string): string[] {
  return ['get', ...(path.toLowerCase().match(/[a-z0-9]+/g) ?? ['root'])];
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
