/** The checklist of preflight: what was found, whether it will do, and what to mend. Pure, so that each line can be tested. */
import type { EngineInfo, Plan } from '@encore/contracts';
import { crashLacks } from '../judge/index.ts';

export interface Check {
  name: string;
  /** `warn` lets the run begin; `fail` does not. */
  state: 'ok' | 'warn' | 'fail';
  found: string;
  /** Lines of a log that show why. */
  quote?: readonly string[];
  fix?: string;
}

const gib = 1024 ** 3;
/** The sum of the limits in docker-compose.yml. */
export const limitsBytes = 2_592 * 1024 ** 2;
const wantedBytes = 4 * gib;
const minDockerMajor = 25;
const minCompose = { major: 2, minor: 20 } as const;

export const size = (bytes: number): string => `${(bytes / gib).toFixed(1)} GB`;

export function engineChecks(engine: EngineInfo, plan: Plan): Check[] {
  return [
    engineVersion(engine),
    ...(engine.composeVersion === null
      ? []
      : [composeVersion(engine.composeVersion), checkout(engine), replicas(engine), images(engine), ports(engine)]),
    controlGroups(engine),
    memory(engine),
    restartPolicy(engine),
    faultKinds(engine, plan),
    engine.toxiproxy === ''
      ? { name: 'Toxiproxy', state: 'fail', found: 'no answer', fix: '`docker compose restart toxiproxy`' }
      : proxy(engine),
  ];
}

/** One line for a person, with what to do below it. */
export function checkText({ name, state, found, quote = [], fix }: Check): string {
  const mark = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }[state];
  const below = [...quote.map((line) => `| ${line}`), ...(fix === undefined ? [] : [`→ ${fix}`])];
  return [`${mark}  ${name}: ${found}`, ...below].join('\n      ');
}

/** The lab without Docker has a proxy of its own; only its API is Toxiproxy's. */
function proxy({ engine, composeVersion, toxiproxy }: EngineInfo): Check {
  const isEmbedded = composeVersion === null && !/docker|podman/i.test(engine);
  return isEmbedded
    ? { name: 'proxy', state: 'ok', found: `Encore's own, with the API of Toxiproxy ${toxiproxy}` }
    : { name: 'Toxiproxy', state: 'ok', found: toxiproxy };
}

function engineVersion({ engine, version, kernel }: EngineInfo): Check {
  const found = `${engine} ${version}, kernel ${kernel}`;
  const major = Number.parseInt(version, 10);
  if (engine.toLowerCase().includes('docker') && major < minDockerMajor)
    return { name: 'engine', state: 'fail', found, fix: `Docker Engine ${minDockerMajor} or later is needed` };
  return { name: 'engine', state: 'ok', found };
}

function composeVersion(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > minCompose.major || (major === minCompose.major && minor >= minCompose.minor))
    return { name: 'Compose', state: 'ok', found: version };
  const fix = `Docker Compose ${minCompose.major}.${minCompose.minor} or later is needed`;
  return { name: 'Compose', state: 'fail', found: version, fix };
}

/** Two checkouts with one project name take each other for their own: `up` in one recreates the containers of the other. */
function checkout({ checkouts }: EngineInfo): Check {
  const name = 'checkout';
  const folders = Object.entries(checkouts);
  if (folders.length < 2) return { name, state: 'ok', found: folders[0]?.[0] ?? 'unknown' };
  const found = `the containers come from ${folders.map(([folder, names]) => `${folder} (${names.join(', ')})`).join(', ')}`;
  const fix =
    'give one of the checkouts another name (COMPOSE_PROJECT_NAME in its .env), then `docker compose up -d` in this one';
  return { name, state: 'warn', found, fix };
}

/** Each program keeps its state to itself, so that of two containers of a service each request may reach another. */
function replicas({ running }: EngineInfo): Check {
  const name = 'containers';
  const several = Object.entries(running).filter(([, names]) => names.length > 1);
  if (several.length === 0) return { name, state: 'ok', found: 'one of each service' };
  const found = several.map(([service, names]) => `${names.length} of ${service} (${names.join(', ')})`).join(', ');
  const scale = several.map(([service]) => `--scale ${service}=1`).join(' ');
  return {
    name,
    state: 'fail',
    found: `${found}; a run needs exactly one of each service`,
    fix: `\`docker compose up -d --no-recreate ${scale} ${several.map(([service]) => service).join(' ')}\` removes the others`,
  };
}

/** A container goes on with the image that it was made of, also when its name means a newer one by now. */
function images({ images: all, outdated }: EngineInfo): Check {
  const name = 'images';
  if (outdated.length === 0) return { name, state: 'ok', found: [...new Set(Object.values(all))].join(', ') };
  const fix = '`docker compose up -d --build` makes them anew';
  return { name, state: 'warn', found: `made before their image was built again: ${outdated.join(', ')}`, fix };
}

function ports({ publishedPorts }: EngineInfo): Check {
  const name = 'ports';
  const wanted = ['toxiproxy', 'server', 'orchestrator'];
  const open = Object.entries(publishedPorts).filter(([, numbers]) => numbers.length > 0);
  const found = `of this machine lead to ${open.map(([service, numbers]) => `${service} (${numbers.join(', ')})`).join(', ')}`;
  const closed = wanted.filter((service) => (publishedPorts[service] ?? []).length === 0);
  if (closed.length === 0) return { name, state: 'ok', found };
  const fix = closed.includes('orchestrator')
    ? 'without `--service-ports` behind `docker compose run` nobody can open the live page'
    : '`docker compose up -d` publishes them; those that are taken can be changed in .env';
  return { name, state: 'warn', found: `none leads to ${closed.join(', ')}`, fix };
}

function controlGroups({ cgroupVersion }: EngineInfo): Check {
  const name = 'control groups';
  switch (cgroupVersion) {
    case '':
      return {
        name,
        state: 'warn',
        found: 'none that can be written: no limits on memory and CPU here',
        fix: 'run on Docker, or as root: what needs limits is skipped and listed under not_tested',
      };
    case '1':
      return { name, state: 'ok', found: 'v1: a memory cap under what is in use is refused, where v2 would kill' };
    default:
      return { name, state: 'ok', found: `v${cgroupVersion}` };
  }
}

function memory({ engine, memoryBytes }: EngineInfo): Check {
  const found = size(memoryBytes);
  const isDocker = engine.toLowerCase().includes('docker');
  const fix = isDocker
    ? 'Docker Desktop: Settings → Resources → Memory, 4 GB or more; elsewhere close what is not needed'
    : 'close what is not needed, or use fewer users';
  if (isDocker && memoryBytes < limitsBytes)
    return { name: 'memory', state: 'fail', found: `${found}; the limits add up to ${size(limitsBytes)}`, fix };
  return memoryBytes < wantedBytes
    ? { name: 'memory', state: 'warn', found, fix }
    : { name: 'memory', state: 'ok', found };
}

function restartPolicy({ restartSetups }: EngineInfo): Check {
  const name = 'restart policy';
  const lacking = crashLacks(restartSetups);
  if (lacking.length === 0) return { name, state: 'ok', found: 'recovers a crash' };
  return {
    name,
    state: 'warn',
    found: `${lacking.join('; ')}; without them its restart policy does not recover a crash`,
    fix: '`docker compose up -d --force-recreate` creates the containers again as docker-compose.yml has them',
  };
}

function faultKinds({ unsupported }: EngineInfo, plan: Plan): Check {
  const planned = new Set(plan.faults.map(({ kind }) => kind));
  const missing = Object.entries(unsupported).filter(([kind]) =>
    [...planned].some((plannedKind) => plannedKind === kind),
  );
  if (missing.length === 0)
    return { name: 'faults', state: 'ok', found: `all of ${[...planned].join(', ') || 'none'} can be done` };
  // A run in which no fault strikes would show nothing of what its plan asks.
  if (missing.length === planned.size)
    return {
      name: 'faults',
      state: 'fail',
      found: `none of the planned faults is possible here: ${missing.map(([kind, reason]) => `${kind} (${reason})`).join('; ')}`,
      fix: 'plan other kinds, or run where these are possible; `schedule: []` runs load without faults',
    };
  return {
    name: 'faults',
    state: 'warn',
    found: `this engine cannot do ${missing.map(([kind, reason]) => `${kind} (${reason})`).join('; ')}`,
    fix: 'they are skipped at their time and listed under not_tested',
  };
}
