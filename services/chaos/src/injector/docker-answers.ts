/**
 * Parses the fields of the Docker API's responses that the injector uses, and converts them to its
 * own types.
 */
import { z } from 'zod';
import type { ContainerStats, ContainerView, EngineEvent } from './engine.ts';
import { label } from './engine.ts';

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

export const versionSchema = z.object({
  Version: z.string(),
  KernelVersion: z.string().default(''),
  Platform: z.object({ Name: z.string() }).optional(),
});
export const infoSchema = z.object({
  CgroupVersion: z.string().default(''),
  NCPU: z.number().default(0),
  MemTotal: z.number().default(0),
  SystemTime: z.iso.datetime({ offset: true }).optional(),
});
export const listSchema = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()), Image: z.string().default(''), Labels: labels }),
);

const restartPolicySchema = z
  .object({ Name: z.string().default(''), MaximumRetryCount: z.number().default(0) })
  .default({ Name: '', MaximumRetryCount: 0 });

/** Nanoseconds; zero is the engine's default. */
const healthcheckSchema = z.object({ Test: z.array(z.string()).nullish(), Interval: z.number().default(0) }).nullish();
const defaultIntervalSeconds = 30;

export const inspectSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  RestartCount: z.number().default(0),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    Pid: z.number().default(0),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({
    Image: z.string().default(''),
    Labels: labels,
    StopSignal: z.string().default(''),
    Healthcheck: healthcheckSchema,
  }),
  HostConfig: z.object({
    Memory: z.number().default(0),
    MemorySwap: z.number().default(0),
    NanoCpus: z.number().default(0),
    RestartPolicy: restartPolicySchema,
    Init: z.boolean().nullish(),
  }),
  NetworkSettings: z
    .object({
      Ports: z.record(z.string(), z.array(z.object({ HostPort: z.string() })).nullable()).nullish(),
      Networks: z
        .record(
          z.string(),
          z.object({
            NetworkID: z.string(),
            Aliases: z.array(z.string()).nullish(),
            IPAMConfig: z.object({ IPv4Address: z.string().optional() }).nullish(),
            IPAddress: z.string().default(''),
            GlobalIPv6Address: z.string().default(''),
          }),
        )
        .nullish(),
    })
    .optional(),
});

export type InspectAnswer = z.infer<typeof inspectSchema>;

export function toView(answer: InspectAnswer): ContainerView {
  const { State, Config, HostConfig } = answer;
  const networks = Object.entries(answer.NetworkSettings?.Networks ?? {}).map(([name, network]) => [
    name,
    {
      networkId: network.NetworkID,
      aliases: network.Aliases ?? [],
      fixedAddress: network.IPAMConfig?.IPv4Address ?? '',
    },
  ]);
  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ''),
    image: Config.Image,
    labels: Config.Labels,
    status: State.Status,
    health: State.Health?.Status ?? '',
    exitCode: State.ExitCode,
    restartCount: answer.RestartCount,
    pid: State.Pid,
    startedAtMs: timeOf(State.StartedAt),
    memoryBytes: HostConfig.Memory,
    memswapBytes: HostConfig.MemorySwap,
    cpus: HostConfig.NanoCpus / 1e9,
    restartSetup: {
      policy: policyText(HostConfig.RestartPolicy),
      init: HostConfig.Init ?? false,
      stopSignal: Config.StopSignal,
    },
    healthCheckSeconds: healthCheckSeconds(Config.Healthcheck),
    publishedPorts: publishedPorts(answer.NetworkSettings?.Ports ?? {}),
    networks: Object.fromEntries(networks),
    addresses: Object.values(answer.NetworkSettings?.Networks ?? {})
      .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
      .filter((address) => address !== ''),
  };
}

function healthCheckSeconds(check: z.infer<typeof healthcheckSchema>): number | null {
  if (!check?.Test || check.Test.length === 0 || check.Test[0] === 'NONE') return null;
  return check.Interval === 0 ? defaultIntervalSeconds : check.Interval / 1e9;
}

/** As in a Compose file. */
export function policyText({ Name, MaximumRetryCount }: InspectAnswer['HostConfig']['RestartPolicy']): string {
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name || 'no';
}

/** A port published for IPv4 and IPv6 appears twice. */
function publishedPorts(ports: Record<string, { HostPort: string }[] | null>): number[] {
  return [
    ...new Set(Object.values(ports).flatMap((bindings) => (bindings ?? []).map(({ HostPort }) => Number(HostPort)))),
  ];
}

/** The engine writes "0001-01-01T00:00:00Z" to mean never. */
function timeOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms < 0 ? 0 : ms;
}

export const statsSchema = z.object({
  memory_stats: z
    .object({
      usage: z.number().optional(),
      limit: z.number().optional(),
      stats: z.record(z.string(), z.number()).optional(),
    })
    .default({}),
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: z.number() }),
    throttling_data: z.object({ throttled_periods: z.number() }).optional(),
  }),
});

/**
 * Memory without file cache, which the kernel reclaims when it needs memory: if it counted, the
 * cache of a database would look like a leak. cgroup v1 and v2 name its pages differently.
 */
export function toStats({ memory_stats, cpu_stats }: z.infer<typeof statsSchema>): ContainerStats {
  const { usage = 0, stats = {} } = memory_stats;
  const pages = (name: string): number => stats[`total_${name}`] ?? stats[name] ?? 0;
  const cache = pages('inactive_file') + pages('active_file');
  return {
    memoryBytes: cache < usage ? usage - cache : usage,
    memoryLimitBytes: memory_stats.limit ?? 0,
    cpuSeconds: cpu_stats.cpu_usage.total_usage / 1e9,
    throttledPeriods: cpu_stats.throttling_data?.throttled_periods ?? 0,
  };
}

export const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
  timeNano: z.number(),
});

/**
 * Null for a container of another project. Network events carry no labels; their container is found
 * by its id.
 */
export function toEvent(
  { Type, Action, Actor, timeNano }: z.infer<typeof eventSchema>,
  project: string,
): EngineEvent | null {
  const ofNetwork = Type === 'network';
  if (!ofNetwork && Actor.Attributes[label.project] !== project) return null;
  return {
    atMs: timeNano / 1e6,
    type: Type,
    action: Action,
    containerId: ofNetwork ? (Actor.Attributes['container'] ?? '') : Actor.ID,
    attributes: Actor.Attributes,
  };
}
