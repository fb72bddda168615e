/**
 * The fault table: everything about a kind of fault except how it is carried out. A kind is one
 * entry here and one file of functions in services/chaos/src/injector/faults; schemas, planning,
 * verdict, report and docs/FAULTS.md follow from the entry. docs/CREATING_FAULTS.md is the guide.
 */
import { z } from 'zod';

/** Groups that share a colour in the timeline, with the titles for its legend. */
export const faultGroups = {
  kill: 'kills and stops',
  network: 'network',
  resource: 'memory, CPU, disk',
  load: 'load',
} as const;
export type FaultGroup = keyof typeof faultGroups;

/** What a fault does to a run: how it is planned, guarded and judged. */
export interface Behaviour {
  /** Default range of its duration; null for an instant fault, which leaves nothing to revert. */
  holdSeconds: { min: number; max: number } | null;
  /** No system, however good, can respond while the fault is active. */
  totalOutage: boolean;
  /** Healthy time that the target needs before the fault. */
  healthBeforeSeconds: number;
  /** Time limit, from the injection, for observing the effect. */
  effectCheckSeconds: number;
  /** Nothing may start or restart the target while the fault is active. */
  forbidsStart: boolean;
  /**
   * Where the recovery time starts. `kill`: the engine's kill timestamp. `injection`: the
   * injection, since the supervisor must end the fault. `revert`: the verified revert.
   */
  clock: 'kill' | 'injection' | 'revert';
  /** The fault is meant to end the target, so its death is expected. */
  deathIsTheInjection: boolean;
  /** The fault lets the target finish its work, so an exit by SIGKILL is a forced stop. */
  graceful: boolean;
  /** The fault reduces the memory, so the kernel may kill the target, which is expected. */
  reducesMemory: boolean;
  /** Engine actions on the target that the fault explains; any other one is an intervention. */
  actions: 'any' | readonly string[];
  /** The system should tolerate it: a correct response meanwhile counts as self-recovery. */
  tolerable: boolean;
}

interface Texts {
  does: string;
  revertedBy: string;
  usersSee: string;
  pitfalls: string;
}

export interface Kind<Params extends z.ZodObject = z.ZodObject> extends Texts {
  actsOn: 'container' | 'proxy';
  group: FaultGroup;
  /** Parameters, each with its default, range and meaning. */
  params: Params;
  /** Depends on the parameters where one kind has several forms. */
  behaviour: Behaviour | ((params: z.output<Params>) => Behaviour);
  /** The target restarts only if the engine's restart policy is set up for it. */
  needsRestartPolicy?: true;
  /** A claim that a run must confirm itself: the report lists it as not tested elsewhere. */
  untested?: { environment: string; value: string; text: string };
}

const kind = <Params extends z.ZodObject>(entry: Kind<Params>): Kind<Params> => entry;

const mebibyte = 1_048_576;

/** A fault that is active for a while and then reverted. */
const held: Behaviour = {
  holdSeconds: { min: 5, max: 20 },
  totalOutage: false,
  healthBeforeSeconds: 0,
  effectCheckSeconds: 8,
  forbidsStart: false,
  clock: 'revert',
  deathIsTheInjection: false,
  graceful: false,
  reducesMemory: false,
  actions: [],
  tolerable: false,
};
const kill: Behaviour = { ...held, holdSeconds: null, clock: 'kill', deathIsTheInjection: true, actions: ['kill'] };
const stopped: Behaviour = { ...held, deathIsTheInjection: true, actions: ['kill', 'stop'] };
const paused: Behaviour = { ...held, totalOutage: true, actions: ['pause', 'unpause'] };
const lessMemory: Behaviour = {
  ...held,
  forbidsStart: true,
  reducesMemory: true,
  actions: ['update'],
  tolerable: true,
};
/** On a proxy: the injector or the restart policy may restart Toxiproxy. */
const proxied: Behaviour = { ...held, holdSeconds: { min: 5, max: 30 }, actions: 'any' };
const cut: Behaviour = { ...proxied, holdSeconds: { min: 5, max: 20 }, totalOutage: true };

const none = z.strictObject({});
const wholeNumber = (minimum: number, maximum?: number) =>
  maximum === undefined ? z.number().int().min(minimum) : z.number().int().min(minimum).max(maximum);
const direction = (byDefault: 'upstream' | 'downstream') =>
  z.enum(['upstream', 'downstream']).default(byDefault).describe('requests (upstream) or responses (downstream)');

/** Toxiproxy must be able to drain the data that a toxic delays. */
const maxDelayMs = 1_000;
const drained =
  'The injector removes the toxic. If the toxic holds data, the injector first disables the proxy briefly to drain it.';
const removed = 'The injector removes the toxic.';

export const kindTable = {
  crash: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    // The engine doubles its restart back-off for a container that ran for less than 10 s, which
    // would distort the recovery time.
    behaviour: { ...kill, healthBeforeSeconds: 10 },
    needsRestartPolicy: true,
    does: 'Kills the main process. In the bundled lab: SIGQUIT through the engine, so it dies immediately with exit code 131. In your own project: SIGKILL (or `crash.signal`) past the engine, exit code 137.',
    revertedBy: 'The engine’s restart policy starts the target; RestartCount rises by one.',
    usersSee: 'In-flight requests are cut off; the proxy closes new connections until the target listens again.',
    pitfalls:
      'Needs `init: true`, an explicit `stop_signal: SIGTERM` and `restart: always`. The engine doubles its restart delay for a container that ran for less than 10 s, so the plan leaves at least 10 s without a fault before each crash. Without `ulimits: core: 0` each crash leaves a core file.',
  }),
  outage: kind({
    actsOn: 'container',
    group: 'kill',
    params: z.strictObject({
      until: z
        .enum(['supervisor', 'revert', 'never'])
        .default('supervisor')
        .describe(
          'what starts the target again: the supervisor, the revert at the end of the fault, or nothing within the recovery limit',
        ),
    }),
    behaviour: ({ until }) => {
      if (until === 'supervisor') return kill;
      const { holdSeconds } = held;
      return { ...(until === 'never' ? kill : stopped), holdSeconds, totalOutage: true, forbidsStart: true };
    },
    does: 'Sends SIGKILL through the engine, which treats it as an operator’s stop and does not restart the target.',
    revertedBy:
      'With `until: supervisor`, the fault is instant and the supervisor starts the target 2 s after it exited. With `until: revert`, starts are forbidden and the injector starts the target at the end. `until: never` is the same, but the recovery time counts from the kill, so the limit is exceeded; the control run `server-down` uses it.',
    usersSee: 'The same as in a crash, for longer. An outage of a dependency shows what the system does without it.',
    pitfalls:
      'An OOM kill has the same exit code, 137; the engine’s events distinguish the two. A write that a database did not confirm may have been committed: its outcome is unknown, not failed.',
  }),
  restart: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...stopped, holdSeconds: null, graceful: true },
    does: 'Requests a restart from the engine: SIGTERM, a wait of at most the grace period, then a start.',
    revertedBy: 'The restart includes the start.',
    usersSee: 'Admitted requests are answered; new ones are refused until the target listens again.',
    pitfalls:
      'A process that ignores SIGTERM as PID 1 takes the whole grace period, which then dominates the restart time.',
  }),
  freeze: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...paused, forbidsStart: true },
    does: 'Pauses all processes of the target, so that it behaves like a stalled virtual machine.',
    revertedBy: 'The injector unpauses the target; no restart is allowed until then.',
    usersSee:
      'The kernel still accepts connections, but no response arrives. Requests that need a frozen dependency hang until the system’s own deadline.',
    pitfalls:
      'A frozen target looks healthy to a probe that only connects. The burst of requests after the revert belongs to the fault’s window.',
  }),
  hang: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...paused, holdSeconds: { min: 20, max: 40 }, clock: 'injection', deathIsTheInjection: true },
    does: 'Pauses all processes of the target until the supervisor notices.',
    revertedBy: 'The supervisor restarts a target that has been unhealthy for too long; the revert is a safety net.',
    usersSee: 'Requests time out until the restart, which cuts off those in flight.',
    pitfalls: 'No restart policy notices a hang: plain Docker only reports `unhealthy`.',
  }),
  'memory-cap': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({
      marginBytes: wholeNumber(mebibyte)
        .default(32 * mebibyte)
        .describe('how much more than its current usage the target may use'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 30, max: 60 } },
    untested: {
      environment: 'cgroupVersion',
      value: '2',
      text: 'memory-cap under cgroup v2: not covered by this run',
    },
    does: 'Lowers the limit on memory plus swap to the current usage (without file cache) plus a margin.',
    revertedBy:
      'The injector restores the original limits from the labels `encore.original.*`, early if the target dies under the cap.',
    usersSee: 'Nothing if the target rejects work in time; otherwise an OOM kill, recorded as `oom`.',
    pitfalls:
      'cgroup v1 refuses a limit below the usage; v2 kills the target. V8 fixes its heap limit at startup, so a cap first affects the rest of the process’s memory. A cap survives a restart, and neither `0` nor `-1` removes it; only the original value does.',
  }),
  'memory-pressure': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({
      marginBytes: wholeNumber(mebibyte)
        .default(96 * mebibyte)
        .describe('what the helper leaves free; its own process takes 50 MB of this'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 10, max: 30 } },
    does: 'Runs the image’s stress helper inside the target, where it uses all memory except a margin, for a limited time.',
    revertedBy:
      'The injector stops the helper, which also exits by itself when its time is up. It is the kernel’s first choice for an OOM kill.',
    usersSee:
      'Rejections (503 with Retry-After) while the target’s memory guard refuses heavy work, then normal service.',
    pitfalls:
      'Needs exec, which the process engine does not support. If memory runs out, the kernel kills the helper first, which ends the fault early.',
  }),
  'tool-stall': kind({
    actsOn: 'container',
    group: 'resource',
    params: none,
    // Five calls of 15 s open the breaker, which may close 60 s later: the fault lasts as long.
    behaviour: { ...held, holdSeconds: { min: 170, max: 190 }, effectCheckSeconds: 120, tolerable: true },
    does: 'Makes calls that the target cannot process in time, one after another, until their circuit breaker opens. The load generator makes the calls; the workload defines them (`faults.stall`).',
    revertedBy:
      'The load generator stops calling and removes what the calls stored. After the breaker’s open time it makes quick calls, and these successes close the breaker. If the fault is reverted early, the next successful calls by any user close it.',
    usersSee:
      'The tool responds 503 with Retry-After while its breaker is open; every other tool works. Until the breaker opens, one worker process is busy.',
    pitfalls:
      'Needs a duration of at least 160 s: five tool timeouts (15 s each), the open time (60 s) and a margin. If the breaker is still open at the planned end, the revert is not verified, and the injector retries it until the breaker is closed. A server with a larger `tool_timeout` needs longer. Each score is sent once, because a document that kills its worker three times is quarantined.',
  }),
  'cpu-throttle': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({ cpus: z.number().min(0.05).max(64).default(0.25).describe('the limit, in CPUs') }),
    behaviour: { ...held, holdSeconds: { min: 30, max: 60 }, actions: ['update'] },
    does: 'Lowers the CPU limit of the target.',
    revertedBy: 'The injector restores the original limit from the label `encore.original.cpus`.',
    usersSee: 'Responses are slow; the target sheds load to protect itself.',
    pitfalls: 'Setting `0` does not remove a CPU limit; only the original value restores it.',
  }),
  'disk-full': kind({
    actsOn: 'container',
    group: 'resource',
    params: none,
    behaviour: { ...held, holdSeconds: { min: 15, max: 45 } },
    does: 'Runs the image’s stress helper inside the target, where it fills the scratch space for uploads, and refills it when a finished upload frees space.',
    revertedBy: 'The injector removes the file; the helper also does so when its time is up.',
    usersSee: 'Large uploads are refused with a clear error; small ones and reads succeed.',
    pitfalls:
      'Fills only a separate small file system (1 GB at most), never a disk of the host. A tmpfs also counts as memory.',
  }),
  latency: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      latencyMs: wholeNumber(1, maxDelayMs).default(300).describe('the delay'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Delays all data by a fixed time.',
    revertedBy: drained,
    usersSee: 'Responses are slow. On the proxy of a database, operations with many statements slow down most.',
    pitfalls:
      'Toxiproxy can freeze permanently when a latency toxic is removed under load. The injector therefore drains the proxy first, which drops connections; these failures belong to the fault.',
  }),
  jitter: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z
      .strictObject({
        latencyMs: wholeNumber(1, maxDelayMs).default(200).describe('the mean delay'),
        jitterMs: wholeNumber(0, maxDelayMs).default(150).describe('the largest deviation from the mean, up or down'),
        direction: direction('downstream'),
      })
      .refine(({ latencyMs, jitterMs }) => latencyMs + jitterMs <= maxDelayMs, {
        message: `latencyMs plus jitterMs must be at most ${maxDelayMs}, so that Toxiproxy can drain delayed data`,
      }),
    behaviour: proxied,
    does: 'Delays all data by a varying time.',
    revertedBy: drained,
    usersSee: 'Response times vary; the bytes stay in order.',
    pitfalls:
      'The delays are not reproducible: Toxiproxy’s seed has no effect. The proxy is drained before the removal, as for latency.',
  }),
  bandwidth: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      kilobytesPerSecond: wholeNumber(1).default(128).describe('the data rate of each connection'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Limits the data rate of each connection.',
    revertedBy: drained,
    usersSee: 'Small responses arrive as usual; large ones are slow.',
    pitfalls: 'The limit applies per connection, not to the proxy as a whole.',
  }),
  'slow-close': kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      delayMs: wholeNumber(0, 60_000).default(1_000).describe('the delay'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Delays the end of each connection.',
    revertedBy: drained,
    usersSee:
      'Nothing on reused connections; a response without a length ends late, because its end is that of the connection.',
    pitfalls: 'A client with a connection pool hardly notices it.',
  }),
  slicer: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      sliceBytes: wholeNumber(1).default(64).describe('the size of a slice'),
      sliceDelayMicroseconds: wholeNumber(0).default(10_000).describe('the pause after each slice'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Cuts the data into slices, with a pause after each.',
    revertedBy: drained,
    usersSee: 'Headers and bodies arrive in pieces; a parser that expects a whole message per read breaks.',
    pitfalls: 'Large bodies take very long, so keep the duration short.',
  }),
  'limit-data': kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      bytes: wholeNumber(1).default(2_048).describe('how many bytes each connection may carry'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Closes each connection after a number of bytes.',
    revertedBy: removed,
    usersSee: 'Bodies are truncated; on reused connections, even small ones.',
    pitfalls: 'A client that does not check the length mistakes half a document for a whole one.',
  }),
  timeout: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      timeoutMs: wholeNumber(0, 60_000)
        .default(0)
        .describe('time until a connection is closed; 0 keeps it open until the revert'),
      // Downstream the target would receive each request, and its close would end the connection
      // early.
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Accepts connections and drops all data.',
    revertedBy: 'The injector removes the toxic, which closes the affected connections.',
    usersSee: 'Requests time out; the revert cuts off those in flight.',
    pitfalls: 'The revert itself causes errors, which belong to the fault’s window.',
  }),
  'reset-peer': kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      timeoutMs: wholeNumber(0, 60_000).default(0).describe('time from the first data on a connection to its reset'),
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Resets each connection once data has been sent on it.',
    revertedBy: removed,
    usersSee: 'Connections are reset by the peer; the target may have received the request.',
    pitfalls:
      'Only a connection that was opened after the injection gets a real RST; older ones are closed normally (FIN).',
  }),
  'connection-refused': kind({
    actsOn: 'proxy',
    group: 'network',
    params: none,
    behaviour: cut,
    does: 'Closes the proxy’s listener and its connections.',
    revertedBy: 'The injector opens the listener again.',
    usersSee: 'New connections are refused immediately; in-flight requests are cut off.',
    pitfalls: 'A dead target behind a proxy looks different: the proxy accepts a connection, then closes it.',
  }),
  partition: kind({
    actsOn: 'container',
    group: 'network',
    params: none,
    behaviour: { ...held, totalOutage: true, forbidsStart: true, actions: ['connect', 'disconnect'] },
    does: 'Disconnects the target from every network that it shares with the proxy; its health port stays reachable.',
    revertedBy: 'The injector reconnects it with its former aliases and address, which are in the journal.',
    usersSee:
      'The proxy accepts connections but cannot reach the target: open ones are cut off, new ones hang until the proxy’s dial times out.',
    pitfalls:
      'A reconnect without aliases loses the service’s name. The first lookup afterwards may still return a cached negative answer.',
  }),
  'traffic-spike': kind({
    actsOn: 'container',
    group: 'load',
    params: z.strictObject({
      requestsPerSecond: wholeNumber(1).default(200).describe('requests per second, on 50 connections'),
    }),
    behaviour: { ...held, holdSeconds: { min: 10, max: 30 }, tolerable: true },
    does: 'Repeats a cheap request, in addition to the users’ load. The load generator sends it; the workload may define it (`faults.spike`).',
    revertedBy: 'The load generator stops it, at the latest 10 s after its planned end.',
    usersSee: 'At worst rejections and slower responses; accepted requests are answered.',
    pitfalls: 'Its responses do not count towards the verdict. It uses CPU time of the load generator.',
  }),
} as const;
