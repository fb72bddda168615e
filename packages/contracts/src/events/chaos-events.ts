/** Events of chaos. `engineAt` is the engine's own timestamp, in epoch milliseconds. */
import { z } from 'zod';
import {
  anyParamsSchema,
  effectSchema,
  faultKindSchema,
  plannedFaultSchema,
  proxyNameSchema,
  targetSchema,
} from '../fault.ts';
import { event } from './event.ts';

const faultId = z.string();

/** What requested a start: restart policy, supervisor, revert of a fault, cleanup, or other. */
export const actorSchema = z.enum(['restart-policy', 'supervisor', 'revert', 'reconcile', 'external']);
export type Actor = z.infer<typeof actorSchema>;

/** `external`: something other than Encore and the target ended it early. */
export const revertCauseSchema = z.enum(['released', 'lease_ended', 'reconciled', 'instant', 'external']);
export type RevertCause = z.infer<typeof revertCauseSchema>;
export const faultRevertedSchema = event('fault_reverted', {
  faultId,
  /** The original state was read back. */
  verified: z.boolean(),
  /** With `external`, `at` is the best known time. */
  cause: revertCauseSchema,
  evidence: z.string(),
});

export const chaosEvents = [
  event('fault_intended', { faultId, fault: plannedFaultSchema }),
  event('fault_injected', {
    faultId,
    kind: faultKindSchema,
    target: targetSchema,
    params: anyParamsSchema,
    /** The engine's timestamp of the injection, if it reports one. */
    engineAt: z.number().optional(),
  }),
  event('fault_effect_checked', {
    faultId,
    effect: effectSchema,
    evidence: z.string(),
  }),
  faultRevertedSchema,
  event('engine_event', {
    engineAt: z.number(),
    target: z.string(),
    action: z.string(),
    exitCode: z.number().optional(),
    signal: z.string().optional(),
    restartCount: z.number().optional(),
    /** Name of the network; only with `connect` and `disconnect`. */
    network: z.string().optional(),
    /** The container's restart policy from then on; only with `update`. */
    restartPolicy: z.string().optional(),
    /** The checkout folder whose Compose created the container; only with `create`. */
    checkout: z.string().optional(),
  }),
  event('target_started', {
    engineAt: z.number().optional(),
    target: targetSchema,
    actor: actorSchema,
    reason: z.string(),
    /** When Encore requested the start; absent for any other start. */
    requestedAt: z.number().optional(),
  }),
  /** Something other than Encore changed a proxy through Toxiproxy's API. */
  event('proxy_changed', { target: targetSchema, change: z.string() }),
  /** A container connected to a proxied port; once for each client of a proxy, and each way. */
  event('proxy_used', {
    proxy: proxyNameSchema,
    client: z.string(),
    /** It connected to the target itself, bypassing the proxy. */
    direct: z.boolean(),
  }),
  event('injector_failed', {
    faultId: faultId.optional(),
    reason: z.string(),
    fromAt: z.number(),
    toAt: z.number(),
    /** When the injector requested a restart of Toxiproxy because of the failure. */
    restartRequestedAt: z.number().optional(),
  }),
  /** The engine did not respond: the containers were not observed from `fromAt` to `toAt`. */
  event('engine_lost', {
    fromAt: z.number(),
    toAt: z.number(),
    /** It continued after `toAt`, until the next event of this type or the end of the record. */
    ongoing: z.boolean(),
    reason: z.string(),
  }),
  event('target_sampled', {
    target: z.string(),
    memoryBytes: z.number(),
    memoryLimitBytes: z.number(),
    cpuSeconds: z.number(),
  }),
  event('hygiene_checked', {
    leakedToxics: z.number(),
    leakedPauses: z.number(),
    limitsNotRestored: z.number(),
    externalContainersTouched: z.number(),
    detail: z.array(z.string()),
  }),
  event('fault_due', { faultId, plannedAt: z.number() }),
  event('fault_skipped', {
    faultId,
    kind: faultKindSchema,
    target: targetSchema,
    reason: z.string(),
    unsupported: z.boolean(),
  }),
] as const;
