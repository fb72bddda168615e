/**
 * An injector in virtual time: fake engine, fake proxy, and a journal in memory that a successor
 * can read.
 */

import { type FaultKind, isInstant, type PlannedFault, type System } from '@encore/contracts';
import {
  containerNames,
  createLogger,
  firstReplica,
  replicasOf,
  targetsAllowing,
  upstreamOf,
  withoutNumber,
} from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import type { ReadConnections } from '../injector/connections.ts';
import { label } from '../injector/engine.ts';
import { Injector } from '../injector/injector.ts';
import { Journal, type LineSink } from '../injector/journal.ts';
import { LabProxies } from '../injector/lab-proxies.ts';
import type { InjectorMetrics } from '../injector/metrics.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakeLoad } from './fake-load.ts';
import { FakeProxies } from './fake-proxies.ts';
import { Life } from './life.ts';
import { VirtualClock } from './virtual-clock.ts';

export const project = 'lab';
const megabyte = 1_048_576;
const never = new AbortController().signal;

const silent: InjectorMetrics = {
  inherited: () => {},
  injected: () => {},
  effect: () => {},
  reverted: () => {},
  injectorFailed: () => {},
  started: () => {},
  sampled: () => {},
};

export class FakeLab {
  readonly clock = new VirtualClock();
  readonly engine = new FakeEngine(this.clock);
  readonly proxies = new FakeProxies();
  readonly load = new FakeLoad(this.clock);
  lines: string[] = [];
  /** The lines of previous runs. */
  readonly retiredLines: string[] = [];
  /** Reasons for which an injector would have ended its process. */
  readonly givenUp: string[] = [];
  onGiveUp: () => void = () => {};
  /** Whether to keep journal lines for a successor; a long simulation has none. */
  keepsLines = true;
  /** Called before a journal line is written; may throw. */
  onLine: () => void = () => {};
  metrics = silent;
  logger = createLogger('test', 'silent');

  readonly system: System;
  /** The containers share no connections unless a test sets this. */
  readConnections: ReadConnections = async () => null;

  constructor(system = bundledSystem) {
    this.system = system;
    for (const name of containerNames(system))
      this.engine.add(name, {
        [label.project]: project,
        [label.target]: withoutNumber(name),
        [label.number]: /#(\d+)$/.exec(name)?.[1] ?? '1',
        [label.memory]: String(512 * megabyte),
        [label.memswap]: String(512 * megabyte),
        [label.cpus]: '1',
      });
    this.proxies.startOf = (proxy) => (system.proxies[proxy]?.probe === 'http' ? 'HTTP/1.1 200 OK' : 'N');
    this.proxies.answers = (proxy) => {
      // Replicas share the connections, so one that runs is enough.
      return replicasOf(system, upstreamOf(proxy)).some((name) => {
        const { status, networks } = this.container(name);
        return status === 'running' && Object.keys(networks).length > 0;
      });
    };
    this.engine.add('bystander', {
      [label.project]: 'another',
      [label.target]: system.recoveryOf,
    });
  }

  get server() {
    return this.container(firstReplica(this.system));
  }

  container(name: string) {
    const view = [...this.engine.containers.values()].find((found) => found.name === name);
    if (view === undefined) throw new Error(`no container ${name}`);
    return view;
  }

  /** Creates an injector that reads its predecessor's journal and dies when its life ends. */
  injector(life: Life = Life.endless()): Injector {
    const file: LineSink = {
      append: async (line) => {
        this.onLine();
        if (this.keepsLines) this.lines.push(JSON.stringify(line));
      },
      close: async () => {},
    };
    const sink = life.mortal(file);
    return new Injector({
      engine: life.mortal(this.engine, ['watch']),
      project,
      system: this.system,
      proxies: new LabProxies(
        this.system,
        () => life.mortal(this.proxies, ['exchange']),
        this.proxies.exchange,
        this.clock,
      ),
      readConnections: (container) => this.readConnections(container),
      load: life.mortal(this.load),
      journal: Journal.from(this.lines.join('\n'), {
        open: async () => sink,
        retire: async () => {
          this.retiredLines.push(...this.lines);
          this.lines = [];
        },
        sink,
      }),
      metrics: this.metrics,
      clock: this.clock,
      deadline: () => never,
      logger: this.logger,
      giveUp: (reason) => {
        this.givenUp.push(reason);
        this.onGiveUp();
      },
    });
  }

  /** Everything that a fault may change, as text, without ids and times. */
  state(): string {
    const containers = [...this.engine.containers.values()].map(
      ({ name, status, memoryBytes, memswapBytes, cpus, networks }) => ({
        name,
        status,
        memoryBytes,
        memswapBytes,
        cpus,
        networks,
      }),
    );
    const { stress } = this.engine;
    return JSON.stringify(
      {
        containers,
        proxies: [...this.proxies.states.values()].sort((a, b) => a.name.localeCompare(b.name)),
        stress,
        spikes: this.load.spikes,
        objects: [...this.load.objects],
      },
      null,
      1,
    );
  }
}

let count = 0;
export function fault(kind: FaultKind, change: Partial<PlannedFault> = {}): PlannedFault {
  count += 1;
  const [target = ''] = targetsAllowing(bundledSystem, kind);
  const { params = {} } = change;
  return {
    id: `f${String(count).padStart(4, '0')}`,
    kind,
    target,
    atSeconds: 0,
    durationSeconds: isInstant({ kind, params }) ? 0 : 10,
    params,
    ...change,
  };
}
