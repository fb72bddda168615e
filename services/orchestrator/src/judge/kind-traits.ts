/** Properties of the fault kinds: where recovery starts, and which events a fault explains. */
import type { FaultKind } from '@encore/contracts';

interface KindTraits {
  /**
   * Where the recovery time starts. `kill`: the engine's kill timestamp. `act`: the injection,
   * since the supervisor must end the fault. `revert`: the verified revert.
   */
  clock: 'kill' | 'injection' | 'revert';
  /** The fault is meant to end the target, so its death is expected. */
  deathIsTheInjection: boolean;
  /** The fault reduces the memory, so the kernel may kill the target, which is expected. */
  risksDeath?: true;
  /** Engine actions on the target that the fault explains; any other one is an intervention. */
  actions: 'any' | readonly string[];
  /** The server should tolerate it: a correct response meanwhile counts as self-recovery. */
  tolerable: boolean;
}

const kill: KindTraits = { clock: 'kill', deathIsTheInjection: true, tolerable: false, actions: ['kill'] };
/** On a proxy: the injector or the restart policy may restart Toxiproxy. */
const proxied: KindTraits = { clock: 'revert', deathIsTheInjection: false, tolerable: false, actions: 'any' };
const paused: KindTraits = { ...proxied, actions: ['pause', 'unpause'] };
const stopped: KindTraits = { clock: 'revert', deathIsTheInjection: true, tolerable: false, actions: ['kill', 'stop'] };
const tolerable: KindTraits = { clock: 'revert', deathIsTheInjection: false, tolerable: true, actions: [] };
const memoryReduced: KindTraits = { ...tolerable, risksDeath: true, actions: ['update'] };

export const kindTraits: Record<FaultKind, KindTraits> = {
  crash: kill,
  outage: kill,
  restart: stopped,
  freeze: paused,
  hang: { ...paused, clock: 'injection', deathIsTheInjection: true },
  'memory-cap': memoryReduced,
  'memory-pressure': memoryReduced,
  'tool-stall': tolerable,
  'cpu-throttle': { ...proxied, actions: ['update'] },
  'disk-full': { ...proxied, actions: [] },
  latency: proxied,
  jitter: proxied,
  bandwidth: proxied,
  'slow-close': proxied,
  slicer: proxied,
  'limit-data': proxied,
  timeout: proxied,
  'reset-peer': proxied,
  'connection-refused': proxied,
  partition: { ...proxied, actions: [] },
  'database-down': stopped,
  'database-freeze': paused,
  'database-latency': proxied,
  'traffic-spike': tolerable,
};
