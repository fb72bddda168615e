import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nothingShared, refusals, resolvedProject } from '../testing/resolved-project.ts';

const project = resolvedProject(
  {
    api: {
      volumes: [
        { type: 'bind', source: '/home/user/shop/src', target: '/app' },
        { type: 'bind', source: '/home/user/shop/conf', target: '/conf', read_only: true },
        { type: 'bind', source: '/var/run/docker.sock', target: '/s', read_only: true },
        { type: 'volume', source: 'data', target: '/data' },
      ],
      external_links: ['their-db:db', 'own:cache'],
      volumes_from: ['container:their-files:ro'],
    },
    cache: { container_name: 'own' },
    sniffer: {
      network_mode: 'host',
      use_api_socket: true,
      volumes: [{ type: 'bind', source: '/', target: '/rootfs', read_only: true }],
    },
    debug: { pid: 'container:their-app', network_mode: 'container:own' },
    first: { volumes: [{ type: 'bind', source: '/home/user/shop/dags', target: '/dags' }] },
    second: { volumes: [{ type: 'bind', source: '/home/user/shop/dags', target: '/dags' }] },
    third: { volumes: [{ type: 'bind', source: '/home/user/shop/dags', target: '/opt/dags' }] },
  },
  {
    volumes: {
      data: { name: 'shop_data' },
      corp: { external: true, name: 'corp' },
      share: { driver_opts: { type: 'nfs', device: ':/export' } },
      fast: { driver_opts: { type: 'tmpfs', device: 'tmpfs' } },
      plugin: { driver: 'rexray' },
    },
    networks: { default: null, corp: { external: true, name: 'corp' }, lan: { driver: 'macvlan' } },
  },
);

describe('shared resources', () => {
  it('are refused unless they are allowed, each with its reason and what to do', () => {
    const change = 'so the run could change your own data.';
    const mount = `${change} Make the mount read-only or use a named volume, or accept that: add`;
    const accept = `${change} To accept that, add`;
    assert.deepEqual(refusals(project), [
      `service api mounts ./src writable at /app, ${mount} "./src" to system.allowShared.bindMounts`,
      `service api mounts the socket /var/run/docker.sock, ${accept} "/var/run/docker.sock" to system.allowShared.bindMounts`,
      `service api uses the container their-files, ${accept} "their-files" to system.allowShared.containers`,
      `service api is linked to the container their-db, ${accept} "their-db" to system.allowShared.containers`,
      `service sniffer mounts /, which contains the engine's socket, ${accept} "/" to system.allowShared.bindMounts`,
      `service sniffer has use_api_socket, ${accept} "use_api_socket" to system.allowShared.bindMounts`,
      `service sniffer uses the network of the host, ${accept} "host" to system.allowShared.networks`,
      `service debug uses the container their-app, ${accept} "their-app" to system.allowShared.containers`,
      `service first mounts ./dags writable at /dags, as does second and service third mounts ./dags writable at /opt/dags, ${mount} "./dags" to system.allowShared.bindMounts`,
      `volume corp is external, ${accept} "corp" to system.allowShared.volumes`,
      `volume share is stored at :/export, ${accept} "share" to system.allowShared.volumes`,
      `volume plugin is stored at a location that the driver rexray chooses, ${accept} "plugin" to system.allowShared.volumes`,
      `network corp is external, ${accept} "corp" to system.allowShared.networks`,
      `network lan uses an interface of the host (macvlan), ${accept} "lan" to system.allowShared.networks`,
    ]);
  });

  it('are accepted when they are listed; a path may be written in any form', () => {
    const allowShared = {
      bindMounts: ['src/', 'dags', '/var/run/docker.sock', '/', 'use_api_socket'],
      volumes: ['corp', 'share', 'plugin'],
      networks: ['corp', 'lan', 'host'],
      containers: ['their-db', 'their-files', 'their-app'],
    };
    assert.deepEqual(refusals(project, { allowShared }), []);
    assert.equal(refusals(project, { allowShared: { ...allowShared, bindMounts: ['/home/user/shop/src'] } }).length, 4);
    assert.equal(refusals(project, { allowShared: nothingShared }).length, 14);
  });

  it('are not those of a service whose profile is not active', () => {
    const volumes = [
      { type: 'bind', source: '/home/user/shop/src', target: '/src' },
      { type: 'volume', source: 'corp', target: '/corp' },
    ];
    const debug = { profiles: ['debug', 'dev'], networks: { lan: null }, volumes };
    const withProfiles = resolvedProject(
      { api: {}, debug },
      { volumes: { corp: { external: true } }, networks: { default: null, lan: { external: true } } },
    );
    assert.deepEqual(refusals(withProfiles), []);
    for (const profile of ['dev', '*']) assert.equal(refusals(withProfiles, { profiles: [profile] }).length, 3);
  });
});
