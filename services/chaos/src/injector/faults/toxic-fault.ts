/**
 * What all faults that consist of one toxic share: adding, checking and removing the toxic, and
 * probes through the proxy and directly.
 */
import { EncoreError, isProxy } from '@encore/kit';
import {
  type EffectCheck,
  type Fault,
  type FaultFunctions,
  type SavedBase,
  type SendsProbes,
  savedProxy,
  type UsesProxy,
} from '../fault-functions.ts';
import { isAsAdded, toxicName } from '../lab-proxies.ts';
import type { Exchange, ExchangeOptions, ProxyProbes } from '../proxy-probe.ts';
import type { Toxic } from '../toxiproxy-api.ts';

interface ToxicFault<Params> {
  /** The toxic's type and attributes, as in Toxiproxy's documentation. */
  type: string;
  attributes(params: Params): Record<string, number>;
  checkEffect(probes: ProxyProbes, params: Params): Promise<EffectCheck>;
}

export function proxyNamed(target: string): string {
  if (isProxy(target)) return target;
  throw new EncoreError('TARGET_REFUSED', `${target} is not a proxy; a toxic acts on a proxy, such as server:8000`);
}

export const proxyOf = ({ target }: Fault<unknown>): string => proxyNamed(target);

export function toxicFault<Params extends { direction: Toxic['stream'] }>({
  type,
  attributes,
  checkEffect,
}: ToxicFault<Params>): FaultFunctions<Params, SendsProbes & UsesProxy, SavedBase> {
  const toxicOf = ({ id, params }: Fault<Params>): Toxic => ({
    name: toxicName(id),
    type,
    stream: params.direction,
    // Toxicity is drawn once per connection, so a value below 1 would not be a share of the
    // requests.
    toxicity: 1,
    attributes: attributes(params),
  });
  return {
    saved: savedProxy,
    prepare: async (tools, fault) => {
      const state = await tools.proxies.state(proxyOf(fault));
      if (!state.enabled)
        throw new EncoreError('TARGET_NOT_RUNNING', `proxy ${fault.target} is closed, so a toxic would have no effect`);
      return { containerId: null };
    },
    inject: async (tools, { fault }) => {
      await tools.proxies.addToxic(proxyOf(fault), toxicOf(fault));
      return {};
    },
    checkEffect: (tools, { fault }) => checkEffect(tools.proxies.probes(proxyOf(fault)), fault.params),
    readBack: async (tools, { fault }) => {
      const { toxics } = await tools.proxies.state(proxyOf(fault));
      const found = toxics.find(({ name }) => name === toxicName(fault.id));
      const evidence = found === undefined ? 'the toxic was gone' : `the toxic was ${JSON.stringify(found)}`;
      return { inPlace: isAsAdded(found, toxicOf(fault)), evidence };
    },
    revert: (tools, { fault }) => tools.proxies.removeToxic(proxyOf(fault), toxicName(fault.id)),
    verifyReverted: async (tools, { fault }) => {
      const { enabled, toxics } = await tools.proxies.state(proxyOf(fault));
      const gone = toxics.every(({ name }) => name !== toxicName(fault.id));
      const found = `${toxics.length} ${toxics.length === 1 ? 'toxic' : 'toxics'}`;
      return { verified: gone, evidence: `the proxy is ${enabled ? 'open' : 'closed'} with ${found}` };
    },
  };
}

/** Probes through the proxy and directly at the same time; the difference is the toxic's share. */
export async function compare(
  probes: ProxyProbes,
  options: ExchangeOptions,
): Promise<{ through: Exchange; direct: Exchange }> {
  const [through, direct] = await Promise.all([probes.through(options), probes.direct(options)]);
  return { through, direct };
}

/**
 * Confirms the effect when the fastest of three exchanges through the proxy is slower than the
 * fastest direct one by `wantedMs`. A toxic delays every exchange, a busy machine only some, so a
 * single slow one is not evidence in either direction.
 */
export async function checkEffectByDelay(
  probes: ProxyProbes,
  time: (exchange: Exchange) => number | null,
  wantedMs: number,
  options: ExchangeOptions,
): Promise<EffectCheck> {
  let quickest = Number.POSITIVE_INFINITY;
  let quickestDirect = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { through, direct } = await compare(probes, options);
    quickest = Math.min(quickest, time(through) ?? Number.POSITIVE_INFINITY);
    quickestDirect = Math.min(quickestDirect, time(direct) ?? Number.POSITIVE_INFINITY);
  }
  const evidence = `${milliseconds(quickest)} through the proxy, ${milliseconds(quickestDirect)} directly, the fastest of three`;
  // Where the injector cannot bypass the proxy there is nothing to compare with, and the time alone
  // decides.
  const addedMs = quickest - (Number.isFinite(quickestDirect) ? quickestDirect : 0);
  return { effect: Number.isFinite(quickest) && addedMs >= wantedMs ? 'confirmed' : 'absent', evidence };
}

export const milliseconds = (ms: number | null): string =>
  ms === null || !Number.isFinite(ms) ? 'no response' : `${ms.toFixed(0)} ms`;
