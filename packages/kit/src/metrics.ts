/** The registry of a process, with Node's metrics and a `service` label on every series. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Creates metrics in this registry. */
export function metricsIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string = string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
      new Counter({ name, help, labelNames, registers }),
    gauge: <Label extends string = string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
      new Gauge({ name, help, labelNames, registers }),
    histogram: <Label extends string = string>(
      name: string,
      help: string,
      buckets: number[],
      ...labelNames: Label[]
    ): Histogram<Label> => new Histogram({ name, help, buckets, labelNames, registers }),
    /** A gauge that is read at each scrape. */
    read(name: string, help: string, value: () => number): void {
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(value()) });
    },
    /** The same with a label; of several figures for one value of the label, the last counts. */
    readBy(
      label: string,
      name: string,
      help: string,
      values: () => (readonly [value: string, figure: number])[],
    ): void {
      const collect = () => {
        for (const [value, figure] of values()) metric.set({ [label]: value }, figure);
      };
      const metric: Gauge = new Gauge({ name, help, labelNames: [label], registers, collect });
    },
  };
}
