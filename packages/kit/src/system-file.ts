/** Reads a system description and reports all mistakes together. */
import { join } from 'node:path';
import { type System, systemSchema } from '@encore/contracts';
import { EncoreError } from './encore-error.ts';
import { invalidValue } from './near-miss.ts';
import { schemaProblems } from './schema-problems.ts';
import { isObject, readSettingsFile, type SettingsObject, section } from './settings-file.ts';

/** The description of the bundled lab. */
export const bundledSystemFile = join(import.meta.dirname, '../../../system.yaml');

/** Throws INVALID_SYSTEM with one line per mistake: file, path, value, and what would be right. */
export function readSystemFile(path: string): System {
  const read = readSettingsFile(path, 'describe the system by name, such as "entry: server:8000"');
  if (!read.ok) throw invalid([read.problem]);
  const problems = schemaProblems(systemSchema, read.settings);
  const isNamed = (path: string): boolean => problems.some((problem) => problem.startsWith(`${path}: `));
  for (const { path: at, problem } of problemsOfReferences(read.settings))
    if (!isNamed(at)) problems.push(`${at}: ${problem}`);
  if (problems.length > 0) throw invalid(problems.map(read.locate));
  return systemSchema.parse(read.settings);
}

const invalid = (problems: readonly string[]): EncoreError => new EncoreError('INVALID_SYSTEM', problems.join('\n'));

interface Problem {
  path: string;
  problem: string;
}

/** Checks names that refer to other parts. Accepts any value, even one that violates the schema. */
function problemsOfReferences(system: SettingsObject): Problem[] {
  const containers = section(system, 'containers');
  const proxies = section(system, 'proxies');
  const problems: Problem[] = [];
  const requireOneOf = (path: string, name: unknown, known: readonly string[]) => {
    if (typeof name === 'string' && !known.includes(name))
      problems.push({ path, problem: invalidValue(name, `one of ${known.join(', ')}`, known) });
  };
  requireOneOf('entry', system['entry'], Object.keys(proxies));
  const { recoveryOf } = system;
  requireOneOf('recoveryOf', recoveryOf, Object.keys(containers));
  const judged = typeof recoveryOf === 'string' ? containers[recoveryOf] : undefined;
  if (isObject(judged) && judged['health'] === undefined)
    problems.push({
      path: `containers.${recoveryOf}.health`,
      problem: 'is missing; set ready, because recoveryOf names this container',
    });
  for (const [name, container] of Object.entries(containers)) {
    if (!isObject(container) || typeof container['replicas'] !== 'number' || container['replicas'] < 2) continue;
    const health = section(container, 'health');
    for (const [key, url] of Object.entries(health))
      if (typeof url === 'string' && !url.includes('{n}'))
        problems.push({
          path: `containers.${name}.health.${key}`,
          problem: invalidValue(url, 'a URL with {n} for the number of the replica, because replicas is above 1'),
        });
    const proxied = Object.entries(proxies).find(([, proxy]) => isObject(proxy) && proxy['runsIn'] === name);
    if (proxied !== undefined)
      problems.push({
        path: `containers.${name}.replicas`,
        problem: invalidValue(container['replicas'], `1, because proxies.${proxied[0]} runs in this container`),
      });
  }
  const listeners = new Map<string, string>();
  for (const [name, proxy] of Object.entries(proxies)) {
    if (!isObject(proxy)) continue;
    const path = `proxies.${name}`;
    const [leadsTo] = name.split(':');
    if (leadsTo !== undefined && !Object.hasOwn(containers, leadsTo))
      problems.push({ path, problem: invalidValue(name, 'a name that starts with that of a container') });
    const { runsIn } = proxy;
    requireOneOf(`${path}.runsIn`, runsIn, Object.keys(containers));
    const runner = typeof runsIn === 'string' ? containers[runsIn] : undefined;
    if (isObject(runner) && runner['proxyApi'] === undefined)
      problems.push({
        path: `containers.${runsIn}.proxyApi`,
        problem: `is missing; set the address of Toxiproxy's API, because ${path} runs in this container`,
      });
    const listener = `${runsIn} ${portOf(proxy['listen'])}`;
    const other = listeners.get(listener);
    if (other !== undefined)
      problems.push({
        path: `${path}.listen`,
        problem: invalidValue(proxy['listen'], `a port that ${other} does not listen on`),
      });
    listeners.set(listener, name);
  }
  return problems;
}

const portOf = (address: unknown): unknown => (typeof address === 'string' ? address.split(':').at(-1) : address);
