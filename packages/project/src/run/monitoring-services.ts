/**
 * Prometheus and Grafana in the project of a run: the services of the bundled lab's Compose file,
 * with the run's names, networks and ports. Their configuration is part of the run's input.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ComposeProject, Service } from '../compose/compose-model.ts';
import { labels, runLabels } from '../generate/labels.ts';
import type { LabNames } from '../generate/names.ts';
import type { ScrapeTargets } from '../monitoring/scrape-config.ts';
import { controlNetworksOf, joined, type ProjectWithLab, ports, publishedLocally } from './lab-services.ts';

/** Where the configuration is in the containers of both. */
export const configPath = '/etc/encore';

type MonitoringName = 'prometheus' | 'grafana';
/** What both keep of their settings in the bundled lab. */
export type BundledServices = Record<MonitoringName, Service & { image: string }>;

export interface Monitoring {
  bundled: BundledServices;
  /** Ports of 127.0.0.1; Grafana has none if its image is not available. */
  ports: { prometheus: number; grafana: number | null };
}

export interface MonitoredProject {
  project: ComposeProject;
  targets: ScrapeTargets;
}

export async function readBundledServices(root: string): Promise<BundledServices> {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8');
  const { services } = parse(text, { merge: true }) as { services: BundledServices };
  return { prometheus: settingsOf(services.prometheus), grafana: settingsOf(services.grafana) };
}

/** Without what belongs to the bundled lab: its networks, folders, ports and order of start. */
function settingsOf(service: Service & { image: string }): Service & { image: string } {
  const { networks: _, volumes: _v, ports: _p, depends_on: _d, attach: _a, ...settings } = service;
  return settings;
}

export function withMonitoring(
  { project, names }: ProjectWithLab,
  { bundled, ports: published }: Monitoring,
  runId: string,
): MonitoredProject {
  const mark = { labels: runLabels(runId) };
  const input = { type: 'volume', source: names.input, target: configPath, read_only: true };
  const sidecars = Object.values(project.services).filter(({ labels: own }) => own?.[labels.sidecarApi] !== undefined);
  const prometheus: Service = {
    ...bundled.prometheus,
    ...mark,
    command: (bundled.prometheus.command ?? []).map((argument) =>
      argument.startsWith('--config.file=') ? `--config.file=${configPath}/prometheus/prometheus.yml` : argument,
    ),
    networks: {
      ...joined([names.lab, ...sidecars.flatMap(controlNetworksOf)]),
      // The name that Grafana's data source has. Only containers of the lab are on this network.
      [names.page]: { aliases: ['prometheus'] },
    },
    ports: [publishedLocally(9090, published.prometheus)],
    volumes: [input, { type: 'volume', source: names.metrics, target: '/prometheus' }],
  };
  const grafana = published.grafana !== null && {
    [names.grafana]: {
      ...bundled.grafana,
      ...mark,
      environment: { ...bundled.grafana.environment, GF_PATHS_PROVISIONING: `${configPath}/provisioning` },
      networks: joined([names.page]),
      ports: [publishedLocally(3000, published.grafana)],
      volumes: [input, { type: 'volume', source: names.grafanaData, target: '/var/lib/grafana' }],
    },
  };
  return {
    targets: targetsOf(names, sidecars),
    project: {
      ...project,
      services: { ...observed(project.services, names, published), [names.prometheus]: prometheus, ...grafana },
      volumes: { ...project.volumes, [names.metrics]: mark, ...(grafana && { [names.grafanaData]: mark }) },
    },
  };
}

/** The orchestrator reads the alerts, and links to the pages. */
function observed(
  services: ComposeProject['services'],
  names: LabNames,
  published: Monitoring['ports'],
): ComposeProject['services'] {
  const { environment, ...orchestrator } = services[names.orchestrator] ?? {};
  const prometheus = `http://localhost:${published.prometheus}`;
  const grafana = published.grafana === null ? null : `http://localhost:${published.grafana}`;
  const where = `${grafana === null ? '' : `Grafana ${grafana}   `}Prometheus ${prometheus}`;
  return {
    ...services,
    [names.orchestrator]: {
      ...orchestrator,
      environment: {
        ...environment,
        ENCORE_PROMETHEUS_URL: `http://${names.prometheus}:9090`,
        ENCORE_ALERTS_URL: `${prometheus}/alerts`,
        ...(grafana !== null && { ENCORE_GRAFANA_URL: grafana }),
        ENCORE_WHERE_TO_LOOK: `${where}   ${environment?.['ENCORE_WHERE_TO_LOOK']}`,
      },
    },
  };
}

function targetsOf(names: LabNames, sidecars: readonly Service[]): ScrapeTargets {
  return {
    loadgen: [`${names.loadgen}:${ports.loadgen}`],
    chaos: [`${names.chaos}:${ports.chaos}`],
    orchestrator: [`${names.orchestrator}:${ports.page}`],
    toxiproxy: sidecars.map((sidecar) => new URL(sidecar.labels?.[labels.sidecarApi] ?? '').host),
    prometheus: ['localhost:9090'],
  };
}
