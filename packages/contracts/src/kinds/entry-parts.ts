/** What entries of the fault table have in common: behaviours to start from, and parameters. */
import { z } from 'zod';
import type { Behaviour, Kind } from './kind.ts';

/** Infers the parameters of an entry. */
export const kind = <Params extends z.ZodObject>(entry: Kind<Params>): Kind<Params> => entry;

export const mebibyte = 1_048_576;

/** A fault that is active for a while and then reverted. */
export const held: Behaviour = {
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
export const kill: Behaviour = {
  ...held,
  holdSeconds: null,
  clock: 'kill',
  deathIsTheInjection: true,
  actions: ['kill'],
};
export const stopped: Behaviour = { ...held, deathIsTheInjection: true, actions: ['kill', 'stop'] };
export const paused: Behaviour = { ...held, totalOutage: true, actions: ['pause', 'unpause'] };
export const lessMemory: Behaviour = {
  ...held,
  forbidsStart: true,
  reducesMemory: true,
  actions: ['update'],
  tolerable: true,
};
/** On a proxy: the injector or the restart policy may restart Toxiproxy. */
export const proxied: Behaviour = { ...held, holdSeconds: { min: 5, max: 30 }, actions: 'any' };
export const cut: Behaviour = { ...proxied, holdSeconds: { min: 5, max: 20 }, totalOutage: true };

export const none = z.strictObject({});
export const direction = (byDefault: 'upstream' | 'downstream') =>
  z.enum(['upstream', 'downstream']).default(byDefault).describe('requests (upstream) or responses (downstream)');
