/** The preflight checks of what the engine reports, as pure functions. */
import type { EngineInfo, Plan, PlannedSystem } from '@encore/contracts';
import { canonicalJson, containerOf, isProxy, pluralize, replicasOf, withoutNumber } from '@encore/kit';
import { missingRestartOptions } from '../../judge/observations/restart-setup.ts';
import { fail, ok, type PreflightCheck, sizeText, warn } from './preflight-check.ts';

/** The sum of the limits in docker-compose.yml. */
export const limitsBytes = 2_592 * 1024 ** 2;
const wantedBytes = 4 * 1024 ** 3;
const minDockerMajor = 25;
const minCompose = { major: 2, minor: 20 } as const;
/** Starts the lab without the orchestrator, which would begin a run of 24 hours. */
const startLab = 'docker compose up -d --scale orchestrator=0';

export function engineChecks(engine: EngineInfo, plan: Plan): PreflightCheck[] {
  return [
    systemDescription(engine, plan),
    engineVersion(engine),
    // Not every implementation of Compose labels containers with its version.
    ...(engine.composeVersion === null ? [] : [composeVersion(engine.composeVersion)]),
    ...(isEmbedded(engine)
      ? []
      : [checkout(engine), replicas(engine, plan), images(engine), ports(engine, plan.system)]),
    controlGroups(engine),
    memory(engine),
    restartPolicy(engine),
    ...(isEmbedded(engine) ? [] : [ownRestarts(engine, plan.system)]),
    faultKinds(engine, plan),
    engine.toxiproxy === ''
      ? fail('Toxiproxy', 'no response', `\`docker compose restart ${containerOf(plan.system, plan.system.entry)}\``)
      : proxy(engine),
    probes(engine, plan),
  ];
}

/** The process engine of the lab without Docker. */
const isEmbedded = ({ engine }: EngineInfo): boolean => /^encore/i.test(engine);

/** In a user's project, the orchestrator has another name. */
const isOwnProject = ({ publishedPorts }: EngineInfo): boolean =>
  publishedPorts['orchestrator'] === undefined && Object.values(publishedPorts).some(({ length }) => length > 0);

/** The lab without Docker includes its own proxy with Toxiproxy's API. */
function proxy(engine: EngineInfo): PreflightCheck {
  const { toxiproxy } = engine;
  return isEmbedded(engine)
    ? ok('proxy', `built in, with the API of Toxiproxy ${toxiproxy}`)
    : ok('Toxiproxy', toxiproxy);
}

/** The proxies that the run depends on and through which no valid answer to their probe arrives. */
export function unansweredProxies({ proxyMisfits }: EngineInfo, { system, faults }: Plan): string[] {
  const needed = [system.entry, ...faults.map(({ target }) => target)];
  return Object.keys(proxyMisfits).filter((name) => needed.includes(name));
}

/** Without an answer through its proxy, no effect of a fault on it can be confirmed. */
function probes(engine: EngineInfo, plan: Plan): PreflightCheck {
  const name = 'probes';
  const misfits = Object.entries(engine.proxyMisfits);
  if (misfits.length === 0) return ok(name, `answered through ${Object.keys(plan.system.proxies).join(', ')}`);
  return {
    name,
    state: unansweredProxies(engine, plan).length > 0 ? 'fail' : 'warn',
    found: misfits.map(([proxy, misfit]) => `${proxy}: ${misfit}`).join('; '),
    fix: "check that the container behind the proxy is running; then set the proxy's `probe` to the protocol of the port (`none` if no other fits), or remove the proxy if nothing listens on that port",
  };
}

/** The orchestrator and the chaos service each read the description from their own file. */
function systemDescription({ system }: EngineInfo, plan: Plan): PreflightCheck {
  const name = 'system';
  const found = Object.keys({ ...plan.system.containers, ...plan.system.proxies }).join(', ');
  if (canonicalJson(system) === canonicalJson(plan.system)) return ok(name, found);
  return fail(
    name,
    `the plan has ${found}, but chaos was started with a different system description`,
    'restart chaos, so that it reads the file of ENCORE_SYSTEM_FILE again',
  );
}

function engineVersion({ engine, version, kernel }: EngineInfo): PreflightCheck {
  const found = `${engine} ${version}, kernel ${kernel}`;
  const major = Number.parseInt(version, 10);
  if (engine.toLowerCase().includes('docker') && major < minDockerMajor)
    return fail('engine', found, `install Docker Engine ${minDockerMajor} or later`);
  return ok('engine', found);
}

function composeVersion(version: string): PreflightCheck {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > minCompose.major || (major === minCompose.major && minor >= minCompose.minor))
    return ok('Compose', version);
  const fix = `install Docker Compose ${minCompose.major}.${minCompose.minor} or later`;
  return fail('Compose', version, fix);
}

/** With one project name for two checkouts, `up` in one recreates the containers of the other. */
function checkout({ checkouts }: EngineInfo): PreflightCheck {
  const name = 'checkout';
  const folders = Object.entries(checkouts);
  if (folders.length < 2) return ok(name, folders[0]?.[0] ?? 'unknown');
  const found = `the containers belong to ${folders.map(([folder, names]) => `${folder} (${names.join(', ')})`).join(', ')}`;
  const fix = `set a different COMPOSE_PROJECT_NAME in the .env of one checkout, then run \`${startLab}\` in this one`;
  return warn(name, found, fix);
}

/**
 * Compares the containers of each service with the system description. The lab's own services keep
 * state in memory, so there is one of each. A container on which a fault acts must not have ended.
 */
function replicas(engine: EngineInfo, { system, faults }: Plan): PreflightCheck {
  const { running } = engine;
  const name = 'containers';
  const wanted = (service: string): number => replicasOf(system, service).length;
  const targets = faults.map(({ target }) => withoutNumber(target)).filter((target) => !isProxy(target));
  const wrong = [...new Set([...Object.keys(running), ...targets])]
    .map((service) => ({ service, names: running[service] ?? [] }))
    .filter(({ service, names }) => names.length !== wanted(service));
  if (wrong.length === 0) return ok(name, 'as many as described');
  const found = wrong
    .map(({ service, names }) => `${pluralize(names.length, 'container')} for ${service}${listOf(names)}`)
    .join(', ');
  const scale = wrong.map(({ service }) => `--scale ${service}=${wanted(service)}`).join(' ');
  return fail(
    name,
    `${found}; a run needs ${wrong.map(({ service }) => `${wanted(service)} of ${service}`).join(', ')}`,
    isOwnProject(engine)
      ? 'remove a job that ends by itself from the schedule and from system.containers; with `--keep`, `docker logs` shows why another container ended'
      : `start or remove containers with \`docker compose up -d --no-recreate ${scale} ${wrong.map(({ service }) => service).join(' ')}\``,
  );
}

const listOf = (names: readonly string[]): string => (names.length === 0 ? '' : ` (${names.join(', ')})`);

/** A container keeps the image it was created from, even after a rebuild. */
function images({ images: all, outdated }: EngineInfo): PreflightCheck {
  const name = 'images';
  if (outdated.length === 0) return ok(name, [...new Set(Object.values(all))].join(', '));
  const fix = `recreate them with \`${startLab} --build\``;
  return warn(name, `containers running an outdated image: ${outdated.join(', ')}`, fix);
}

function ports(engine: EngineInfo, system: PlannedSystem): PreflightCheck {
  const { publishedPorts } = engine;
  const name = 'ports';
  const wanted = [containerOf(system, system.entry), system.recoveryOf, 'orchestrator'];
  const open = Object.entries(publishedPorts).filter(([, numbers]) => numbers.length > 0);
  const found = `published for ${open.map(([service, numbers]) => `${service} (${numbers.join(', ')})`).join(', ')}`;
  const closed = wanted.filter((service) => (publishedPorts[service] ?? []).length === 0);
  // What a user's project publishes is up to its owner.
  if (closed.length === 0 || isOwnProject(engine)) return ok(name, found);
  const fix = closed.includes('orchestrator')
    ? 'add `--service-ports` to `docker compose run`; without it the live page is unreachable'
    : `publish them with \`${startLab}\`; if a port is already in use, set another one in .env`;
  return warn(name, `not published for ${closed.join(', ')}`, fix);
}

function controlGroups({ cgroupVersion }: EngineInfo): PreflightCheck {
  const name = 'control groups';
  switch (cgroupVersion) {
    case '':
      return warn(
        name,
        'not writable, so memory and CPU limits are unavailable',
        'use Docker, or run as root; otherwise faults that need limits are skipped and listed under not_tested',
      );
    case '1':
      return ok(name, 'v1: rejects a memory cap below current usage; v2 would OOM-kill');
    default:
      return ok(name, `v${cgroupVersion}`);
  }
}

function memory(info: EngineInfo): PreflightCheck {
  const { engine, memoryBytes } = info;
  const found = `${sizeText(memoryBytes)} in total`;
  const isDocker = engine.toLowerCase().includes('docker');
  const fix = isDocker
    ? 'Docker Desktop: set Settings → Resources → Memory to 4 GB or more; elsewhere use a machine with at least 4 GB'
    : 'use a machine with at least 4 GB, or fewer users';
  if (isDocker && memoryBytes < limitsBytes && !isOwnProject(info))
    return fail('memory', `${found}; the containers' limits add up to ${sizeText(limitsBytes)}`, fix);
  return memoryBytes < wantedBytes ? warn('memory', found, fix) : ok('memory', found);
}

function restartPolicy({ restartSetups }: EngineInfo): PreflightCheck {
  const name = 'restart policy';
  const missing = missingRestartOptions(restartSetups);
  if (missing.length === 0) return ok(name, 'restarts a container after a crash');
  return warn(
    name,
    `${missing.join('; ')}; the restart policy will not restart it after every crash`,
    `recreate the containers as in docker-compose.yml with \`${startLab} --force-recreate\``,
  );
}

/** They may exit during a run: chaos exits when the engine is gone, the others may crash. */
const ownServices = ['chaos', 'loadgen'];

function ownRestarts({ restartPolicies }: EngineInfo, { proxies }: PlannedSystem): PreflightCheck {
  const name = 'restarts of the lab';
  const mustRestart = [...ownServices, ...new Set(Object.values(proxies).map(({ runsIn }) => runsIn))];
  const wrong = mustRestart.flatMap((service) => {
    const policy = (restartPolicies[service] ?? []).find((found) => found !== 'always');
    return policy === undefined ? [] : [`${service} has restart: ${policy} (required: always)`];
  });
  if (wrong.length === 0) return ok(name, `${mustRestart.join(', ')} are restarted if they exit`);
  return warn(
    name,
    `${wrong.join('; ')}; if it exits, it may stay down until the end of the run`,
    `recreate the containers as in docker-compose.yml with \`${startLab} --force-recreate\``,
  );
}

function faultKinds({ unsupported }: EngineInfo, plan: Plan): PreflightCheck {
  const planned = new Set<string>(plan.faults.map(({ kind }) => kind));
  const missing = Object.entries(unsupported).filter(([kind]) => planned.has(kind));
  const reasons = missing.map(([kind, reason]) => `${kind} (${reason})`).join('; ');
  if (missing.length === 0) return ok('faults', `all supported: ${[...planned].join(', ') || 'none planned'}`);
  // A run without any of its faults would test nothing.
  if (missing.length === planned.size)
    return fail(
      'faults',
      `none of the planned faults is supported here: ${reasons}`,
      'plan other kinds, or run on an engine that supports these; `schedule: []` runs load without faults',
    );
  return warn(
    'faults',
    `not supported by this engine: ${reasons}`,
    'nothing to do: the run skips them and lists them under not_tested',
  );
}
