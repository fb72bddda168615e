/**
 * The system description of a run of a user's project: what chaos and the orchestrator read.
 * A pure function of encore.yaml, the user's project and the generated one.
 */
import type { FaultKind, KindReasons, System, SystemHealth } from '@encore/contracts';
import { ownValue, upstreamOf } from '@encore/kit';
import { type ComposeProject, namesOf, restartPolicyOf } from '../compose/compose-model.ts';
import type { EncoreSystem } from '../encore-file/encore-file.ts';
import type { GeneratedProject } from '../generate/generate-project.ts';
import { labels } from '../generate/labels.ts';
import { allowedOn, impossibleOnContainer, impossibleOnProxy } from './applicable-kinds.ts';

export interface DescribedSystem {
  ok: true;
  system: System;
  /** By target: the kinds that act on such a target but not on this one, each with the reason. */
  impossible: Record<string, KindReasons>;
  /** By container: its restart policy, as Compose spells it. */
  restartPolicies: Record<string, string>;
}

export function describeSystem(
  { containers, proxies, entry, recoveryOf }: EncoreSystem,
  user: ComposeProject,
  generated: GeneratedProject,
): DescribedSystem | { ok: false; problems: string[] } {
  const problems: string[] = [];
  const impossible: Record<string, KindReasons> = {};
  const restartPolicies: Record<string, string> = {};
  const system: System = { containers: {}, proxies: {}, entry, recoveryOf };
  const narrowed = (path: string, target: string, wanted: 'all' | readonly FaultKind[], reasons: KindReasons) => {
    impossible[target] = reasons;
    const allowed = allowedOn({ path, target, wanted }, reasons);
    problems.push(...allowed.problems);
    return allowed.kinds;
  };

  for (const [name, { allowedKinds, unsupported, replicas, health, crash, supervise, memoryBound }] of Object.entries(
    containers,
  )) {
    const service = ownValue(user.services, name);
    if (service === undefined) continue; // generateProject reports it.
    restartPolicies[name] = restartPolicyOf(service);
    const path = `system.containers.${name}`;
    const reasons = {
      ...impossibleOnContainer({
        service,
        replicas,
        probes: Object.entries(proxies).flatMap(([proxy, { probe }]) => (upstreamOf(proxy) === name ? [probe] : [])),
        isObserved: name === recoveryOf,
        isSupervised: supervise,
      }),
      ...unsupported,
    };
    const addressed = health && addressedHealth(`${path}.health`, health, replicas, user, generated, problems);
    system.containers[name] = {
      allowedKinds: narrowed(path, name, allowedKinds, reasons),
      unsupported: {},
      replicas,
      crash,
      supervise,
      ...(memoryBound && { memoryBound }),
      ...(addressed && { health: addressed }),
    };
  }
  for (const [name, { allowedKinds, unsupported, probe }] of Object.entries(proxies)) {
    const service = upstreamOf(name);
    const port = name.slice(service.length + 1);
    const sidecar = ownValue(generated.project.services, service);
    const runsIn = sidecar?.labels?.[labels.target];
    const api = sidecar?.labels?.[labels.sidecarApi];
    if (runsIn === undefined || api === undefined) continue;
    system.containers[runsIn] = { allowedKinds: [], unsupported: {}, replicas: 1, proxyApi: api };
    system.proxies[name] = {
      allowedKinds: narrowed(`system.proxies.${name}`, name, allowedKinds, {
        ...impossibleOnProxy(probe),
        ...unsupported,
      }),
      unsupported: {},
      runsIn,
      listen: `0.0.0.0:${port}`,
      upstream: `${ownValue(generated.renamed, service) ?? service}:${port}`,
      probe,
    };
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, system, impossible, restartPolicies };
}

/** Health URLs that lead to the container itself, bypassing its sidecar. */
function addressedHealth(
  path: string,
  { ready, live, detail }: SystemHealth,
  replicas: number,
  user: ComposeProject,
  generated: GeneratedProject,
  problems: string[],
): SystemHealth {
  const addressed = (key: string, text: string): string => {
    const url = new URL(text.replace('{n}', '1'));
    // The URL has its host in lower case. The names of DNS have no case.
    const [name] =
      Object.entries(user.services).find(([service, settings]) =>
        namesOf(service, settings).some((one) => one.toLowerCase() === url.hostname),
      ) ?? [];
    if (name === undefined) {
      problems.push(
        `${path}.${key}: ${url.hostname} is not a service of the Compose project; write the URL as another service would use it`,
      );
      return text;
    }
    const target = ownValue(generated.renamed, name) ?? name;
    // The name of a service leads to any of its replicas, the name of a container to one.
    const host = replicas > 1 ? `${generated.project.name}-${target}-{n}` : target;
    return `http://${host}${url.port === '' ? '' : `:${url.port}`}${url.pathname}${url.search}`;
  };
  return {
    ready: addressed('ready', ready),
    ...(live && { live: addressed('live', live) }),
    ...(detail && { detail: addressed('detail', detail) }),
  };
}
