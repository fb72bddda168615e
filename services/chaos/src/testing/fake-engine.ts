/**
 * An engine without processes: containers are records, events are delivered at once, time is the
 * clock's. Behaves like Docker where the injector depends on it: kill disarms the restart policy,
 * SIGQUIT does not, pause and limits persist.
 */
import { type Clock, EncoreError } from '@encore/kit';
import type {
  ContainerStats,
  ContainerSummary,
  ContainerView,
  Endpoint,
  Engine,
  EngineEvent,
  EngineFacts,
  ExecResult,
} from '../injector/engine.ts';
import { label } from '../injector/engine.ts';

const policyMs = 250;

export class FakeEngine implements Engine {
  readonly containers = new Map<string, ContainerView>();
  /**
   * Called before each change; throws in tests to simulate an engine error or a killed injector.
   */
  onCall: (what: string, id: string) => void = () => {};
  /** While true, no call reaches the engine. */
  isLost: () => boolean = () => false;
  /** How far the engine's clock is ahead of the injector's. */
  aheadMs = 0;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  /** What the stress helper uses. */
  stress = { memoryBytes: 0, disk: false };
  readonly #usedBytes = 100 * 1_048_576;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(name: string, labels: Record<string, string>, change: Partial<ContainerView> = {}): ContainerView {
    const view: ContainerView = {
      id: `${name}-id`.padEnd(64, '0'),
      name,
      image: 'fake',
      labels,
      status: 'running',
      health: '',
      exitCode: 0,
      restartCount: 0,
      pid: 1,
      startedAtMs: this.#clock.now(),
      memoryBytes: Number(labels[label.memory] ?? 0),
      memswapBytes: Number(labels[label.memswap] ?? 0),
      cpus: Number(labels[label.cpus] ?? 0),
      restartSetup: { policy: 'always', init: true, stopSignal: 'SIGTERM' },
      publishedPorts: [],
      healthCheckSeconds: null,
      networks: { back: { networkId: 'back-id', aliases: [name], fixedAddress: '' } },
      addresses: [],
      ...change,
    };
    this.containers.set(view.id, view);
    this.#emit(view, 'create');
    return view;
  }

  async facts(): Promise<EngineFacts> {
    const machine = { kernel: '', cgroupVersion: '2', cores: 1, memoryBytes: 1e9, clockAheadMs: 0 };
    return { engine: 'fake', version: '1', ...machine };
  }

  async list(project: string): Promise<ContainerSummary[]> {
    this.#reach();
    return [...this.containers.values()].filter(({ labels }) => labels[label.project] === project);
  }

  async inspect(id: string): Promise<ContainerView> {
    this.#reach();
    return { ...this.#find(id) };
  }

  async stats(id: string): Promise<ContainerStats> {
    this.#reach();
    const { memoryBytes, status } = this.#find(id);
    return {
      memoryBytes: this.#usedBytes + this.stress.memoryBytes,
      memoryLimitBytes: memoryBytes,
      cpuSeconds: status === 'running' ? this.#clock.now() / 1e5 : 1,
      throttledPeriods: status === 'running' ? this.#clock.now() : 0,
    };
  }

  async kill(id: string, signalName: string): Promise<void> {
    const view = this.#change('kill', id);
    if (view.status === 'exited') return;
    this.#emit(view, 'kill', { signal: signalName });
    this.die(view, signalName === 'SIGQUIT' ? 131 : 137, signalName === 'SIGQUIT');
  }

  async signalProcess(id: string): Promise<void> {
    this.die(this.#change('signalProcess', id), 137, true);
  }

  /** Ends the process; `policy`: whether the restart policy restarts it. */
  die(view: ContainerView, exitCode: number, policy: boolean): void {
    this.#set(view, { status: policy ? 'restarting' : 'exited', exitCode });
    this.stress = { memoryBytes: 0, disk: false };
    this.#emit(view, 'die', { exitCode: String(exitCode) });
    if (!policy) return;
    void this.#clock.sleep(policyMs).then(() => {
      if (view.status !== 'restarting') return;
      this.#set(view, { restartCount: view.restartCount + 1 });
      this.#run(view);
    });
  }

  /** The kernel kills the stress helper, which the container survives. */
  oom(view: ContainerView): void {
    this.stress = { memoryBytes: 0, disk: false };
    this.#emit(view, 'oom');
  }

  async start(id: string): Promise<void> {
    const view = this.#change('start', id);
    if (view.status === 'running') return;
    this.#set(view, { restartCount: 0 });
    this.#run(view);
  }

  async restart(id: string): Promise<void> {
    const view = this.#change('restart', id);
    this.#terminate(view);
    this.#run(view);
  }

  /** Not among the injector's calls: what an operator does. */
  async stop(id: string): Promise<void> {
    const view = this.#change('stop', id);
    this.#terminate(view);
    this.#emit(view, 'stop');
  }

  /** What Compose does when it recreates a container. */
  async recreate(id: string): Promise<void> {
    const { name, labels } = this.#find(id);
    await this.stop(id);
    const old = this.#find(id);
    this.containers.delete(id);
    this.#emit(old, 'destroy');
    const created = this.add(name, { ...labels }, { id: `${name}-again`.padEnd(64, '0') });
    this.#emit(created, 'start');
  }

  /** The engine resumes a paused container, so that it can handle the signal. */
  #terminate(view: ContainerView): void {
    this.#emit(view, 'kill', { signal: '15' });
    if (view.status === 'paused') this.#emit(view, 'unpause');
    this.die(view, 0, false);
  }

  async pause(id: string): Promise<void> {
    const view = this.#change('pause', id);
    this.#set(view, { status: 'paused' });
    this.#emit(view, 'pause');
  }

  async unpause(id: string): Promise<void> {
    const view = this.#change('unpause', id);
    if (view.status !== 'paused') return;
    this.#set(view, { status: 'running' });
    this.#emit(view, 'unpause');
  }

  async updateMemory(id: string, memoryBytes: number, memswapBytes: number): Promise<void> {
    const view = this.#change('update', id);
    if (memoryBytes < this.#usedBytes)
      throw new EncoreError('ENGINE_REFUSED', 'unable to set memory limit', { status: 500 });
    this.#set(view, { memoryBytes, memswapBytes });
    this.#emit(view, 'update');
  }

  async updateCpus(id: string, cpus: number): Promise<void> {
    const view = this.#change('update', id);
    this.#set(view, { cpus });
    this.#emit(view, 'update');
  }

  async disconnect(id: string, networkId: string): Promise<void> {
    const view = this.#change('disconnect', id);
    const networks = Object.fromEntries(
      Object.entries(view.networks).filter(([, endpoint]) => endpoint.networkId !== networkId),
    );
    this.#set(view, { networks });
    this.#emitNetwork(view, 'disconnect', networkId);
  }

  async connect(id: string, endpoint: Endpoint): Promise<void> {
    const view = this.#change('connect', id);
    this.#set(view, { networks: { ...view.networks, [endpoint.networkId.replace(/-id$/, '')]: endpoint } });
    this.#emitNetwork(view, 'connect', endpoint.networkId);
  }

  /** Runs docker/stress.mjs only. */
  async exec(id: string, command: readonly string[]): Promise<ExecResult> {
    const [, , what = '', bytes = ''] = command;
    if (what !== 'status') this.#change('exec', id);
    if (what === 'memory') this.stress.memoryBytes = Number(bytes);
    if (what === 'disk') this.stress.disk = true;
    if (what === 'stop') this.stress = { memoryBytes: 0, disk: false };
    const { memoryBytes, disk } = this.stress;
    const running = Number(memoryBytes > 0) + Number(disk);
    const answer = { taken: memoryBytes, running, scratchBytes: 1e6, freeBytes: disk ? 0 : 1e6 };
    return { exitCode: 0, output: JSON.stringify(answer) };
  }

  async logs(id: string): Promise<Buffer> {
    this.#find(id);
    return Buffer.alloc(0);
  }

  watch(_project: string, _sinceMs: number, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
    this.#listeners.add(onEvent);
    return new Promise((resolve) => {
      const stop = () => {
        this.#listeners.delete(onEvent);
        resolve();
      };
      this.breakOff = stop;
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Ends the event stream, as a dying engine does. */
  breakOff = (): void => {};

  #run(view: ContainerView): void {
    this.#set(view, { status: 'running', startedAtMs: this.#clock.now() });
    this.#emit(view, 'start');
  }

  #reach(): void {
    if (this.isLost()) throw new EncoreError('ENGINE_UNREACHABLE', 'connect ECONNREFUSED');
  }

  #find(id: string): ContainerView {
    const view = this.containers.get(id);
    if (view === undefined) throw new EncoreError('ENGINE_REFUSED', `no such container ${id}`, { status: 404 });
    return view;
  }

  #change(what: string, id: string): ContainerView {
    this.#reach();
    this.onCall(what, id);
    return this.#find(id);
  }

  #set(view: ContainerView, change: Partial<ContainerView>): void {
    Object.assign(view, change);
  }

  #emit(view: ContainerView, action: string, attributes: Record<string, string> = {}): void {
    this.#send({
      type: 'container',
      action,
      containerId: view.id,
      attributes: { ...view.labels, name: view.name, ...attributes },
    });
  }

  /** Without the container's labels, as Docker reports it. */
  #emitNetwork({ id }: ContainerView, action: string, networkId: string): void {
    const attributes = { container: id, name: networkId.replace(/-id$/, '') };
    this.#send({ type: 'network', action, containerId: id, attributes });
  }

  #send(event: Omit<EngineEvent, 'atMs'>): void {
    for (const listener of this.#listeners) listener({ ...event, atMs: this.#clock.now() + this.aheadMs });
  }
}
