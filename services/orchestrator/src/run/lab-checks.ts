/** The checklist of preflight: what was found, whether it will do, and what to mend. Pure, so that each line can be tested. */
import { existsSync } from 'node:fs';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineInfo, Plan, RunConfig } from '@encore/contracts';
import { describeError } from '@encore/kit';

export interface Check {
  name: string;
  /** `warn` lets the run begin; `fail` does not. */
  state: 'ok' | 'warn' | 'fail';
  found: string;
  fix?: string;
}

const gib = 1024 ** 3;
/** The sum of the limits in docker-compose.yml. */
const limitsBytes = 2.7 * gib;
const wantedBytes = 4 * gib;
/** For history, ledger and logs of a day. */
const diskPerDayBytes = 10 * gib;
const leastDiskBytes = 0.25 * gib;
const minDockerMajor = 25;

const size = (bytes: number): string => `${(bytes / gib).toFixed(1)} GB`;

export function engineChecks(engine: EngineInfo, config: RunConfig, plan: Plan): Check[] {
  return [
    engineVersion(engine),
    memory(engine),
    cores(engine, config),
    faultKinds(engine, plan),
    engine.toxiproxy === ''
      ? { name: 'Toxiproxy', state: 'fail', found: 'no answer', fix: '`docker compose restart toxiproxy`' }
      : { name: 'Toxiproxy', state: 'ok', found: engine.toxiproxy },
  ];
}

export async function diskCheck(name: string, path: string, hours: number): Promise<Check> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    const found = `${size(free)} free at ${path}`;
    if (free < leastDiskBytes) return { name, state: 'fail', found, fix: `free ${size(leastDiskBytes)} at least` };
    const wanted = Math.max(leastDiskBytes, (diskPerDayBytes * hours) / 24);
    if (free < wanted) return { name, state: 'warn', found, fix: `${size(wanted)} are advised for ${hours} h` };
    return { name, state: 'ok', found };
  } catch (error) {
    return { name, state: 'fail', found: describeError(error), fix: `make ${path} a folder that can be written` };
  }
}

/** While this file is there, no run begins, and the one that goes on ends. */
export function stopFileOf({ resultsDir }: { resultsDir: string }): string {
  return join(resultsDir, 'STOP');
}

export function stopFileCheck(wiring: { resultsDir: string }): Check {
  const path = stopFileOf(wiring);
  if (!existsSync(path)) return { name: 'stop file', state: 'ok', found: 'none' };
  return {
    name: 'stop file',
    state: 'fail',
    found: `${path} is there`,
    fix: 'somebody stopped the runs with it; delete it to allow them',
  };
}

/** One line for a person, with what to do below it. */
export function checkText({ name, state, found, fix }: Check): string {
  const mark = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }[state];
  return `${mark}  ${name}: ${found}${fix === undefined ? '' : `\n      → ${fix}`}`;
}

function engineVersion({ engine, version, kernel, cgroupVersion }: EngineInfo): Check {
  const found = `${engine} ${version}, kernel ${kernel}, cgroup v${cgroupVersion}`;
  const major = Number.parseInt(version, 10);
  if (engine.toLowerCase().includes('docker') && major < minDockerMajor)
    return { name: 'engine', state: 'fail', found, fix: `Docker Engine ${minDockerMajor} or later is needed` };
  return { name: 'engine', state: 'ok', found };
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

function cores({ cores: count }: EngineInfo, { users }: RunConfig): Check {
  const found = `${count} cores for ${users} users`;
  if (count >= 2 && users <= count * 200) return { name: 'load generator', state: 'ok', found };
  const fix = 'the generator may be the bottleneck, which makes a run INCONCLUSIVE: take fewer --users';
  return { name: 'load generator', state: 'warn', found, fix };
}

function faultKinds({ unsupported }: EngineInfo, plan: Plan): Check {
  const planned = new Set(plan.faults.map(({ kind }) => kind));
  const missing = Object.entries(unsupported).filter(([kind]) =>
    [...planned].some((plannedKind) => plannedKind === kind),
  );
  if (missing.length === 0)
    return { name: 'faults', state: 'ok', found: `all of ${[...planned].join(', ') || 'none'} can be done` };
  return {
    name: 'faults',
    state: 'warn',
    found: `this engine cannot do ${missing.map(([kind, reason]) => `${kind} (${reason})`).join('; ')}`,
    fix: 'they are skipped at their time and listed under not_tested',
  };
}
