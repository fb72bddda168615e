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
const direction = (usual: 'upstream' | 'downstream') =>
  z.enum(['upstream', 'downstream']).default(usual).describe('requests (upstream) or responses (downstream)');

/** Toxiproxy must be able to drain the data that a toxic delays. */
const maxDelayMs = 1_000;
const drained =
  'The injector removes the toxic; if the toxic holds data, the proxy is disabled briefly so that it can drain.';
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
    does: 'Sends SIGQUIT through the engine: the process dies immediately with exit code 131.',
    revertedBy: 'The engine’s restart policy starts the target; RestartCount rises by one.',
    usersSee: 'Open requests are cut; the proxy closes new ones until the target listens again.',
    pitfalls:
      'Needs `init: true`, an explicit `stop_signal: SIGTERM` and `restart: always`. The engine’s back-off doubles for a container that ran for less than 10 s, so at least 10 s without a fault precede each crash. Without `ulimits: core: 0` each crash leaves a core file.',
  }),
  outage: kind({
    actsOn: 'container',
    group: 'kill',
    params: z.strictObject({
      until: z
        .enum(['supervisor', 'revert', 'never'])
        .default('supervisor')
        .describe(
          'what starts the target again: the supervisor at once, the revert after a duration, or nothing in time (a kill without recovery)',
        ),
    }),
    behaviour: ({ until }) => {
      if (until === 'supervisor') return kill;
      const { holdSeconds } = held;
      return { ...(until === 'never' ? kill : stopped), holdSeconds, totalOutage: true, forbidsStart: true };
    },
    does: 'Sends SIGKILL through the engine, which treats it as an operator’s stop and does not restart the target.',
    revertedBy:
      'With `until: supervisor`, the fault is instant and the supervisor starts the target 2 s after it exited. With `until: revert`, starts are forbidden and the injector starts the target at the end. `until: never` is the same, but the recovery time runs from the kill: the control run `server-down` uses it.',
    usersSee: 'The same as in a crash, but longer. An outage of a dependency shows what the system does without it.',
    pitfalls:
      'An OOM kill has the same exit code 137; the engine’s events distinguish them. A write that a database did not confirm may have been committed: its outcome is unknown, not failed.',
  }),
  restart: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...stopped, holdSeconds: null, graceful: true },
    does: 'Requests a restart from the engine: SIGTERM, up to the grace period, then a start.',
    revertedBy: 'The restart includes the start.',
    usersSee: 'Admitted requests are answered; new ones are refused until the target listens again.',
    pitfalls:
      'A process that ignores SIGTERM as PID 1 uses the whole grace period, which then dominates the restart time.',
  }),
  freeze: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...paused, forbidsStart: true },
    does: 'Pauses all processes of the target, as a stalled virtual machine would.',
    revertedBy: 'The injector unpauses it; no restart is allowed meanwhile.',
    usersSee:
      'The kernel still accepts connections, but no response arrives. Requests that need a frozen dependency hang until the system’s own deadline.',
    pitfalls:
      'A probe that only connects considers a frozen target healthy. The burst of requests after the revert belongs to the fault’s window.',
  }),
  hang: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...paused, holdSeconds: { min: 20, max: 40 }, clock: 'injection', deathIsTheInjection: true },
    does: 'Pauses all processes of the target until the supervisor notices.',
    revertedBy: 'The supervisor restarts a target that is unhealthy for too long; the revert is a safety net.',
    usersSee: 'Requests time out until the restart, which cuts the open ones.',
    pitfalls: 'No restart policy notices a hang: plain Docker only reports `unhealthy`.',
  }),
  'memory-cap': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({
      marginBytes: wholeNumber(mebibyte)
        .default(32 * mebibyte)
        .describe('what the target may use in addition to its current usage'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 30, max: 60 } },
    untested: {
      environment: 'cgroupVersion',
      value: '2',
      text: 'memory-cap under cgroup v2: not covered by this run',
    },
    does: 'Lowers the combined memory and swap limit to current usage (without file cache) plus a margin.',
    revertedBy:
      'The injector restores the original limits, from the labels `encore.original.*`, and does so early if the target dies under the cap.',
    usersSee: 'Nothing if the target rejects work in time; else an OOM kill, recorded as `oom`.',
    pitfalls:
      'cgroup v1 refuses a limit below the usage, v2 kills. V8 fixes its heap limit at start, so a cap first affects the process’s other memory. A cap survives a restart, and `0` or `-1` do not remove it; only the original value does.',
  }),
  'memory-pressure': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({
      marginBytes: wholeNumber(mebibyte)
        .default(96 * mebibyte)
        .describe('what stays free beside the stress helper, including the 50 MB of the helper itself'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 10, max: 30 } },
    does: 'Runs a stress helper from the image in the target, which uses all memory but a margin for a limited time.',
    revertedBy:
      'The injector stops the helper, which also exits by itself when its time is over. It is the kernel’s first choice for an OOM kill.',
    usersSee: 'Rejections (503 with Retry-After) while the target’s memory guard holds back work, then normal service.',
    pitfalls:
      'Needs exec, which the process engine does not support. When memory runs out the helper is killed first, which ends the fault early.',
  }),
  'tool-stall': kind({
    actsOn: 'container',
    group: 'resource',
    params: none,
    // Five calls of 15 s open the breaker, which may close 60 s later: the fault lasts as long.
    behaviour: { ...held, holdSeconds: { min: 170, max: 190 }, effectCheckSeconds: 120, tolerable: true },
    does: 'Stores scores that one tool (`chord_analysis`) cannot finish in time and calls it on them, one after the other, until its circuit breaker opens.',
    revertedBy:
      'The injector stops calling and removes the scores. After the breaker’s open time it calls the tool on a small score, and the successes close the breaker. If the fault is reverted early, the breaker closes with the next successful calls of any user.',
    usersSee:
      'The tool responds 503 with Retry-After while its breaker is open; every other tool works. Until the breaker opens, one worker process is busy.',
    pitfalls:
      'Needs a duration of at least 160 s: five tool timeouts (15 s each), the open time (60 s) and a margin. At its planned end, a revert that finds the breaker still open is not verified and is retried until the breaker is closed. A server with a larger `tool_timeout` needs longer. Each score is sent once: a document that kills its worker three times is quarantined.',
  }),
  'cpu-throttle': kind({
    actsOn: 'container',
    group: 'resource',
    params: z.strictObject({ cpus: z.number().min(0.05).max(64).default(0.25).describe('the limit, in CPUs') }),
    behaviour: { ...held, holdSeconds: { min: 30, max: 60 }, actions: ['update'] },
    does: 'Lowers the current CPU limit.',
    revertedBy: 'The injector restores the original limit, from the label `encore.original.cpus`.',
    usersSee: 'Responses are slow; the target rejects requests to protect itself.',
    pitfalls: 'Setting `0` does not remove a CPU limit; only the original value restores it.',
  }),
  'disk-full': kind({
    actsOn: 'container',
    group: 'resource',
    params: none,
    behaviour: { ...held, holdSeconds: { min: 15, max: 45 } },
    does: 'Runs the stress helper, which fills the target’s scratch space, where uploads are spooled, and refills it when a finished upload frees space.',
    revertedBy: 'The injector removes the file; the helper does so itself when its time is over.',
    usersSee: 'Large uploads are refused with a clear error; small ones and reads succeed.',
    pitfalls:
      'Fills only a separate small file system (1 GiB at most), never a disk of the host. A tmpfs counts as memory too.',
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
    usersSee: 'Responses are slow. Behind the proxy of a database, operations with many statements slow down most.',
    pitfalls:
      'Toxiproxy can freeze permanently when a latency toxic is removed under load. The proxy is therefore drained first, which drops connections and belongs to the fault.',
  }),
  jitter: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z
      .strictObject({
        latencyMs: wholeNumber(1, maxDelayMs).default(200).describe('the mean delay'),
        jitterMs: wholeNumber(0, maxDelayMs).default(150).describe('how far the delay varies in both directions'),
        direction: direction('downstream'),
      })
      .refine(({ latencyMs, jitterMs }) => latencyMs + jitterMs <= maxDelayMs, {
        message: `latencyMs plus jitterMs must be at most ${maxDelayMs}, so that Toxiproxy can drain delayed data`,
      }),
    behaviour: proxied,
    does: 'Delays all data by a varying time.',
    revertedBy: drained,
    usersSee: 'Response times vary; the order of the bytes is kept.',
    pitfalls: 'The delays are not seeded: Toxiproxy’s seed has no effect. Drained before removal, like latency.',
  }),
  bandwidth: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      kilobytesPerSecond: wholeNumber(1).default(128).describe('the rate of each connection'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Limits the rate of each connection.',
    revertedBy: drained,
    usersSee: 'Small responses arrive as usual, large ones slowly.',
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
    usersSee: 'Nothing on reused connections; responses without a length wait for the end.',
    pitfalls: 'Clients with connection pools hardly notice it.',
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
    usersSee: 'Headers and bodies arrive in pieces: a parser that expects one read per message breaks.',
    pitfalls: 'Large bodies take very long; keep the duration short.',
  }),
  'limit-data': kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      bytes: wholeNumber(1).default(2_048).describe('how much each connection may carry'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Closes each connection after a number of bytes.',
    revertedBy: removed,
    usersSee: 'Bodies are truncated, on reused connections even small ones.',
    pitfalls: 'A client that does not compare the length mistakes half a document for a whole one.',
  }),
  timeout: kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      timeoutMs: wholeNumber(0, 60_000).default(0).describe('closes a connection after this time; 0 never does'),
      // Downstream the target would receive each request, and its close would end the connection
      // early.
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Accepts connections and drops all data.',
    revertedBy: 'The injector removes the toxic, which closes the affected connections.',
    usersSee: 'Requests time out; the revert cuts the open ones.',
    pitfalls: 'The revert itself causes errors, which belong to the fault’s window.',
  }),
  'reset-peer': kind({
    actsOn: 'proxy',
    group: 'network',
    params: z.strictObject({
      timeoutMs: wholeNumber(0, 60_000).default(0).describe('resets a connection this long after its first data'),
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Resets each connection once data has been sent on it.',
    revertedBy: removed,
    usersSee: 'Connections are reset by the peer; the target may have received the request.',
    pitfalls: 'Only connections opened after the injection get a real RST; pooled ones are closed normally (FIN).',
  }),
  'connection-refused': kind({
    actsOn: 'proxy',
    group: 'network',
    params: none,
    behaviour: cut,
    does: 'Closes the proxy’s listener and its connections.',
    revertedBy: 'The proxy opens its listener again.',
    usersSee: 'New connections are refused immediately; open requests are cut.',
    pitfalls: 'A dead target behind a proxy looks different: the proxy accepts, then closes the connection.',
  }),
  partition: kind({
    actsOn: 'container',
    group: 'network',
    params: none,
    behaviour: { ...held, totalOutage: true, forbidsStart: true, actions: ['connect', 'disconnect'] },
    does: 'Disconnects the target from every network that it shares with the proxy; its health port stays reachable.',
    revertedBy: 'The injector reconnects it with its former aliases and address, which are in the journal.',
    usersSee:
      'The proxy accepts but cannot reach the target: open connections are cut, new ones hang until the dial times out.',
    pitfalls:
      'A reconnect without aliases loses the service’s name. The first lookup after it may still return a cached negative answer.',
  }),
  'traffic-spike': kind({
    actsOn: 'container',
    group: 'load',
    params: z.strictObject({
      requestsPerSecond: wholeNumber(1).default(200).describe('requests per second, on 50 connections'),
    }),
    behaviour: { ...held, holdSeconds: { min: 10, max: 30 }, tolerable: true },
    does: 'Sends cheap reads through the proxy on top of the users’ load.',
    revertedBy: 'The injector stops the load, which also stops when its time is up or the injector exits.',
    usersSee: 'At worst rejections and slower responses; accepted requests are answered.',
    pitfalls: 'Its own responses do not count for the verdict, because a closed loop hides outages.',
  }),
} as const;
