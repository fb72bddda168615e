/**
 * Makes the images of Prometheus and Grafana available. The verdict needs neither, so a run goes on
 * without them: a message names what is left out, and the option that leaves it out on purpose.
 */
import { describeError } from '@encore/kit';
import { docker } from './docker.ts';
import { freePorts } from './free-ports.ts';
import { type Monitoring, readBundledServices } from './monitoring-services.ts';

export interface PrepareMonitoring {
  /** The checkout of Encore. */
  root: string;
  print: (line: string) => void;
  signal: AbortSignal;
}

/** Null if Prometheus is not available: Grafana shows only what Prometheus has. */
export async function prepareMonitoring({ root, print, signal }: PrepareMonitoring): Promise<Monitoring | null> {
  const bundled = await readBundledServices(root);
  const [prometheus = 0, grafana = 0] = await freePorts(2);
  const problem = await pull(bundled.prometheus.image, print, signal);
  if (problem !== null) {
    print(leftOut('Prometheus and Grafana are', bundled.prometheus.image, problem));
    return null;
  }
  const ofGrafana = await pull(bundled.grafana.image, print, signal);
  if (ofGrafana !== null) print(leftOut('Grafana is', bundled.grafana.image, ofGrafana));
  return { bundled, ports: { prometheus, grafana: ofGrafana === null ? grafana : null } };
}

const leftOut = (what: string, image: string, problem: string): string =>
  [
    `${what} left out of this run, whose verdict does not depend on it: ${image} is not on this machine, and pulling it failed:`,
    `  ${problem}`,
    'Pull the image, or leave both out on purpose with --no-dashboards or "dashboards: false" in encore.yaml.',
  ].join('\n');

/** Returns why the image is not available; null if it is. */
async function pull(image: string, print: (line: string) => void, signal: AbortSignal): Promise<string | null> {
  const found = await docker(['image', 'ls', '-q', image], signal);
  if (found.trim() !== '') return null;
  print(`Pulling ${image}, once (--no-dashboards leaves it out)`);
  try {
    await docker(['pull', '--quiet', image], signal);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return describeError(error).trim().split('\n').at(-1) ?? '';
  }
}
