/**
 * Containers of somebody else’s project on the Docker engine, as a run of it has them: the target
 * `web` behind a sidecar that took over its name, and others without one. The chaos service runs
 * outside, as root of the host does, and crashes them without the engine.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from '@encore/contracts';
import Docker from 'dockerode';
import { Running } from './running-chaos.ts';

export const nodeImage = 'node:24-bookworm-slim';
export const toxiproxyImage = 'ghcr.io/shopify/toxiproxy:2.12.0';

export interface ForeignContainer {
  image: string;
  /** Arguments of the image's own entry point. */
  command: string[];
  environment?: Record<string, string>;
  /** As in a Compose file: always, on-failure:3, unless-stopped or no. */
  restart: string;
  init?: boolean;
  /** The signal of a crash (default SIGKILL). */
  signal?: NonNullable<System['containers'][string]['crash']>['signal'];
}

export class ForeignLab implements AsyncDisposable {
  readonly docker = new Docker();
  readonly project = `encore-foreign-${process.pid}-${Date.now() % 100_000}`;
  readonly #containers = new Map<string, Docker.Container>();
  #folder = '';
  #chaos: Running | undefined;

  static async start(targets: Record<string, ForeignContainer>): Promise<ForeignLab> {
    const lab = new ForeignLab();
    try {
      await lab.docker.createNetwork({ Name: lab.project });
      const web = {
        image: nodeImage,
        command: ['node', '-e', "require('node:http').createServer((q, a) => a.end('web')).listen(80)"],
        restart: 'always',
      };
      const sidecar = { image: toxiproxyImage, command: ['-host=0.0.0.0'], restart: 'always' };
      const all = { ...targets, web };
      await Promise.all([
        ...Object.entries(all).map(([name, container]) => lab.add(name, container, [`${name}-target`], true)),
        lab.add('web-sidecar', sidecar, ['web'], true),
      ]);
      await lab.#startChaos(all);
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a container; one that is no target has only the label of its service. */
  async add(
    name: string,
    { image, command, environment = {}, restart, init = false }: ForeignContainer,
    aliases: string[],
    isTarget = false,
  ): Promise<void> {
    const [policy = '', retries] = restart.split(':');
    const container = await this.docker.createContainer({
      name: `${this.project}-${name}`,
      Image: image,
      Cmd: command,
      Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      Labels: {
        'com.docker.compose.project': this.project,
        'com.docker.compose.service': name,
        ...(isTarget && { 'encore.target': name }),
      },
      NetworkingConfig: { EndpointsConfig: { [this.project]: { Aliases: aliases } } },
      HostConfig: {
        NetworkMode: this.project,
        Init: init,
        RestartPolicy: { Name: policy, MaximumRetryCount: Number(retries ?? 0) },
        Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      },
    });
    this.#containers.set(name, container);
    await container.start();
  }

  container(name: string): Docker.Container {
    const found = this.#containers.get(name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  }

  async address(name: string): Promise<string> {
    const { NetworkSettings } = await this.container(name).inspect();
    return NetworkSettings.Networks[this.project]?.IPAddress ?? '';
  }

  get chaos(): Running {
    if (this.#chaos === undefined) throw new Error('the chaos service is not started');
    return this.#chaos;
  }

  async #startChaos(targets: Record<string, ForeignContainer>): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'encore-foreign-'));
    const kinds = { unsupported: {}, replicas: 1 };
    const system: System = {
      entry: 'web:80',
      recoveryOf: 'web',
      containers: {
        ...Object.fromEntries(
          Object.entries(targets).map(([name, { signal = 'SIGKILL' }]) => [
            name,
            {
              ...kinds,
              allowedKinds: ['crash'],
              crash: { signal },
              supervise: false,
              ...(name === 'web' && { health: { ready: `http://${name}:80/` } }),
            },
          ]),
        ),
        'web-sidecar': { ...kinds, allowedKinds: [], proxyApi: `http://${await this.address('web-sidecar')}:8474` },
      },
      proxies: {
        'web:80': {
          allowedKinds: [],
          unsupported: {},
          runsIn: 'web-sidecar',
          listen: '0.0.0.0:80',
          upstream: 'web-target:80',
          probe: 'http',
        },
      },
    };
    const file = join(this.#folder, 'system.json');
    await writeFile(file, JSON.stringify(system));
    this.#chaos = await Running.start({
      ENCORE_PROJECT: this.project,
      ENCORE_ENGINE_SOCKET: process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock',
      ENCORE_LOADGEN_URL: 'http://127.0.0.1:1',
      ENCORE_SYSTEM_FILE: file,
      ENCORE_JOURNAL_DIR: this.#folder,
      ENCORE_TOKEN_FILE: join(this.#folder, 'token'),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chaos?.[Symbol.asyncDispose]();
    await Promise.all(Array.from(this.#containers.values(), (one) => one.remove({ force: true, v: true })));
    await this.docker.getNetwork(this.project).remove();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }
}
