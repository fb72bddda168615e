/** What all faults made of one toxic share: its name, its direction, its removal, and two looks at the link. */
import type { FaultKind, FaultParams, PlannedFault } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { Address, Exchange, ExchangeOptions } from '../link-probe.ts';
import { isLink, type LinkName, toxicName } from '../links.ts';
import type { Toxic } from '../toxiproxy-api.ts';
import type { Bite, Deed, FaultSpec, FaultTools } from './fault-spec.ts';

interface ToxicFault {
  kind: FaultKind;
  type: string;
  direction: Toxic['stream'];
  attributes(params: FaultParams): Record<string, number>;
  bite(looks: Looks, fault: PlannedFault, signal: AbortSignal): Promise<Bite>;
  does: string;
  userSees: string;
  pitfalls: string;
  undoneBy?: string;
}

export interface Looks {
  through(options: ExchangeOptions): Promise<Exchange>;
  /** Past the proxy; where that way is closed to the injector, it ends as unreachable. */
  direct(options: ExchangeOptions): Promise<Exchange>;
}

export function linkOf({ target, kind }: PlannedFault): LinkName {
  if (isLink(target)) return target;
  throw new EncoreError('TARGET_REFUSED', `${kind} cannot be aimed at ${target}`, { status: 400, definite: true });
}

export function toxicFault(spec: ToxicFault): FaultSpec {
  return {
    kind: spec.kind,
    instant: false,
    forbidsStart: false,
    does: spec.does,
    undoneBy:
      spec.undoneBy ??
      'The toxic is removed; where it holds data, the link is closed for that moment so that it can drain.',
    userSees: spec.userSees,
    pitfalls: spec.pitfalls,
    prepare: async (tools, fault) => {
      const state = await tools.links.state(linkOf(fault));
      if (!state.enabled)
        throw new EncoreError('TARGET_NOT_RUNNING', `${fault.target} is closed`, { status: 409, definite: true });
      return {};
    },
    act: async (tools, { fault }) => {
      await tools.links.addToxic(linkOf(fault), {
        name: toxicName(fault.id),
        type: spec.type,
        stream: fault.params.direction ?? spec.direction,
        // Toxicity is drawn once per connection, so anything but 1 would not mean a share of the requests.
        toxicity: 1,
        attributes: spec.attributes(fault.params),
      });
      return {};
    },
    bite: (tools, { fault }, signal) => spec.bite(looksAt(tools, linkOf(fault)), fault, signal),
    readBack: async (tools, { fault }) => {
      const { toxics } = await tools.links.state(linkOf(fault));
      const attributes = toxics.find(({ name }) => name === toxicName(fault.id))?.attributes;
      const inPlace = Object.entries(spec.attributes(fault.params)).every(
        ([name, value]) => attributes?.[name] === value,
      );
      return { inPlace: attributes !== undefined && inPlace, evidence: `the link has ${toxics.length} toxics` };
    },
    undo: (tools, { fault }) => tools.links.removeToxic(linkOf(fault), toxicName(fault.id)),
    verify: async (tools, { fault }: Deed) => {
      const { enabled, toxics } = await tools.links.state(linkOf(fault));
      const gone = toxics.every(({ name }) => name !== toxicName(fault.id));
      return { verified: gone, evidence: `the link is ${enabled ? 'open' : 'closed'} with ${toxics.length} toxics` };
    },
  };
}

/** Where the link can be reached from here: on its own address, or on Toxiproxy's where it listens on all. */
export function placeOf({ links, proxyHost }: Pick<FaultTools, 'links' | 'proxyHost'>, link: LinkName): Address {
  const place = addressOf(links.addresses[link].listen);
  return ['0.0.0.0', '[::]', ''].includes(place.host) ? { ...place, host: proxyHost } : place;
}

export function looksAt(tools: Pick<FaultTools, 'links' | 'exchange' | 'proxyHost'>, link: LinkName): Looks {
  const { links, exchange } = tools;
  return {
    through: (options) => exchange(link, placeOf(tools, link), options),
    direct: (options) => exchange(link, addressOf(links.addresses[link].upstream), options),
  };
}

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** Through the link and past it at the same time; the link's share of the time is what the toxic adds. */
export async function compare(
  looks: Looks,
  options: ExchangeOptions,
): Promise<{ through: Exchange; direct: Exchange }> {
  const [through, direct] = await Promise.all([looks.through(options), looks.direct(options)]);
  return { through, direct };
}

/**
 * Bites when even the quickest of three exchanges through the link is slower than the quickest one past it by `wantedMs`. A toxic delays
 * each exchange, a busy machine only some: what slows one look is no evidence, in neither direction.
 */
export async function biteByDelay(
  looks: Looks,
  time: (exchange: Exchange) => number | null,
  wantedMs: number,
  options: ExchangeOptions,
): Promise<Bite> {
  let quickest = Number.POSITIVE_INFINITY;
  let quickestDirect = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 3; look += 1) {
    const { through, direct } = await compare(looks, options);
    quickest = Math.min(quickest, time(through) ?? Number.POSITIVE_INFINITY);
    quickestDirect = Math.min(quickestDirect, time(direct) ?? Number.POSITIVE_INFINITY);
  }
  const evidence = `${milliseconds(quickest)} through the link, ${milliseconds(quickestDirect)} directly, the quickest of three`;
  // Where the way past the link is closed to the injector there is nothing to compare with, and the time alone must speak.
  const addedMs = quickest - (Number.isFinite(quickestDirect) ? quickestDirect : 0);
  return { bit: Number.isFinite(quickest) && addedMs >= wantedMs ? 'yes' : 'no', evidence };
}

export const milliseconds = (ms: number | null): string =>
  ms === null || !Number.isFinite(ms) ? 'no answer' : `${ms.toFixed(0)} ms`;
