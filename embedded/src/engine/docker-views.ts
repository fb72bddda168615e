/**
 * Docker API views of the process engine's containers, with only the fields that a client reads.
 */
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';
import { writableGroups } from './open-limit-group.ts';
import { processTable } from './process-table.ts';
import { parsePolicy } from './restart-policy.ts';

export const apiVersion = '1.45';
const engineVersion = '0.1.0';

/** Docker writes 0001-01-01 for a time that has not occurred. */
const timeText = (ms: number): string => (ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());

/** Docker reports a container as `Running` while it waits for a restart. */
const isRunning = ({ state }: Container): boolean => state.status !== 'created' && state.status !== 'exited';

export function inspectView(container: Container): object {
  const { id, spec, state, limits } = container;
  const policy = parsePolicy(spec.restart);
  return {
    Id: id,
    Name: `/${spec.name}`,
    Created: timeText(container.createdAt),
    Path: spec.command[0],
    Args: spec.command.slice(1),
    Image: spec.image,
    RestartCount: container.restartCount,
    State: {
      Status: state.status,
      Running: isRunning(container),
      Paused: state.status === 'paused',
      Restarting: state.status === 'restarting',
      OOMKilled: container.oomKilled,
      Dead: false,
      Pid: 'process' in state ? state.process.pid : 0,
      ExitCode: container.exitCode,
      Error: '',
      StartedAt: timeText(container.startedAt),
      FinishedAt: timeText(container.finishedAt),
    },
    HostConfig: {
      Memory: limits.memoryBytes,
      MemorySwap: limits.withSwapBytes,
      NanoCpus: Math.round(limits.cpus * 1e9),
      RestartPolicy: { Name: policy.name, MaximumRetryCount: policy.maxRestarts },
      NetworkMode: 'host',
      Init: true,
    },
    Config: { Hostname: hostname(), Image: spec.image, Labels: spec.labels, StopSignal: spec.stopSignal },
    NetworkSettings: { Networks: {}, Ports: {} },
    Mounts: [],
  };
}

export function listView(container: Container): object {
  const { id, spec, state } = container;
  return {
    Id: id,
    Names: [`/${spec.name}`],
    Image: spec.image,
    ImageID: spec.image,
    Command: spec.command.join(' '),
    Created: Math.floor(container.createdAt / 1_000),
    State: state.status,
    Status: state.status,
    Labels: spec.labels,
    Ports: [],
    NetworkSettings: { Networks: {} },
    HostConfig: { NetworkMode: 'host' },
    Mounts: [],
  };
}

export function statsView(container: Container, nowMs: number): object {
  const { state, group, id, spec } = container;
  const base = { id, name: `/${spec.name}`, read: timeText(nowMs), num_procs: 0 };
  if (!('process' in state)) {
    return { ...base, memory_stats: {}, cpu_stats: { cpu_usage: { total_usage: 0 } }, pids_stats: {} };
  }
  const members = state.process.members(processTable());
  const sum = (pick: (member: (typeof members)[number]) => number) =>
    members.reduce((total, member) => total + pick(member), 0);
  const memory = group?.memory() ?? {
    usageBytes: sum(({ memoryBytes }) => memoryBytes),
    limitBytes: totalmem(),
    counters: {},
  };
  const cpuSeconds = group?.cpuSeconds() ?? sum((member) => member.cpuSeconds);
  return {
    ...base,
    memory_stats: {
      usage: memory.usageBytes,
      limit: Math.min(memory.limitBytes, totalmem()),
      stats: memory.counters,
    },
    cpu_stats: {
      cpu_usage: { total_usage: Math.round(cpuSeconds * 1e9) },
      online_cpus: cpus().length,
      throttling_data: { throttled_periods: group?.throttledPeriods() ?? 0 },
    },
    pids_stats: { current: members.length },
  };
}

export function infoView(engine: Engine): object {
  const cgroupVersion = writableGroups(process.pid);
  const hasLimits = cgroupVersion !== null;
  return {
    ID: 'encore-process-engine',
    Name: hostname(),
    ServerVersion: engineVersion,
    SystemTime: new Date(engine.now).toISOString(),
    OperatingSystem: 'Encore process engine',
    OSType: platform(),
    Architecture: arch(),
    KernelVersion: release(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Containers: engine.containers.length,
    Driver: 'processes',
    CgroupDriver: hasLimits ? 'cgroupfs' : 'none',
    CgroupVersion: cgroupVersion ?? '',
    MemoryLimit: hasLimits,
    SwapLimit: hasLimits,
    CpuCfsQuota: hasLimits,
    CpuCfsPeriod: hasLimits,
  };
}

export function versionView(): object {
  return {
    Platform: { Name: 'Encore process engine' },
    Components: [{ Name: 'Engine', Version: engineVersion }],
    Version: engineVersion,
    ApiVersion: apiVersion,
    MinAPIVersion: '1.24',
    Os: platform(),
    Arch: arch(),
    KernelVersion: release(),
  };
}
