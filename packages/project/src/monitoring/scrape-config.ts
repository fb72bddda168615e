/** The bundled lab's configuration of Prometheus with the programs of a run as targets. */
import { parse, stringify } from 'yaml';

interface PrometheusConfig {
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
}

/** Addresses by job, such as `encore-chaos:8011`. */
export type ScrapeTargets = Readonly<Record<string, readonly string[]>>;

/** Takes and returns the text of prometheus.yml; jobs without targets here are left out. */
export function scrapeConfig(text: string, targets: ScrapeTargets): string {
  const { scrape_configs: jobs, ...rest } = parse(text) as PrometheusConfig;
  const kept = jobs.flatMap((job) => {
    const addresses = targets[job.job_name];
    return addresses === undefined ? [] : [{ ...job, static_configs: [{ targets: addresses }] }];
  });
  return stringify({ ...rest, scrape_configs: kept });
}
