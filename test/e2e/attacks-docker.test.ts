/**
 * Only the orchestrator can command the lab on Docker. The attackers are a process inside the
 * server's container (assumed compromised), a container on each network, and a local program that
 * uses a bridge address. Toxiproxy's API responds on the lab network only. docs/SECURITY.md
 * lists what cannot be closed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type CommandResult, runCommand, tail } from '../support/command.ts';
import { ComposeLab } from '../support/compose-lab.ts';

const lab = new ComposeLab('encore-attacked');
const { project } = lab;

/** Each with its port. A request that must not work has the smallest harm that would show. */
const attacks: readonly [number, string, string, object?][] = [
  [8011, 'POST', '/run', { runId: 'attack', ttlMs: 1_000 }],
  [8011, 'POST', '/schedule', {}],
  [8011, 'DELETE', '/schedule'],
  [8011, 'POST', '/revert', {}],
  [8011, 'POST', '/targets/postgres/restart', { runId: 'attack', actor: 'supervisor', reason: 'attack' }],
  [8011, 'GET', '/events'],
  [8474, 'GET', '/proxies'],
  [8474, 'POST', '/proxies/server:8000', { enabled: false }],
  [8474, 'POST', '/reset'],
];

/** Sends every attack to every host; prints the status of each, 0 without a response. */
const program = (hosts: readonly string[]): string => `
const outcomes = {};
await Promise.all(${JSON.stringify(hosts)}.flatMap((host) => ${JSON.stringify(attacks)}.map(async ([port, method, path, body]) => {
  const init = { method, signal: AbortSignal.timeout(3000), headers: { 'user-agent': 'attacker', 'content-type': 'application/json' } };
  if (body) init.body = JSON.stringify(body);
  const status = await fetch('http://' + host + ':' + port + path, init).then((answer) => answer.status, () => 0);
  outcomes[[host, port, method, path].join(' ')] = status;
})));
console.log(JSON.stringify(outcomes));
// A name that nobody resolves holds the program for another 7 s.
process.exit();`;

describe('attacks on the lab on Docker', () => {
  const names = ['chaos', 'toxiproxy', 'toxiproxy-api'];
  let addresses: Record<string, string[]> = {};

  before(async function () {
    await lab.prepare(this);
    await lab.up('server');
    addresses = { chaos: await addressesOf('chaos'), toxiproxy: await addressesOf('toxiproxy') };
  });
  after(() => lab.down());

  async function addressesOf(service: string): Promise<string[]> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
    const { stdout } = await lab.docker(['inspect', '--format', format, `${project}-${service}-1`]);
    const found = stdout.trim().split(' ');
    assert.ok(found.length >= 3, stdout);
    return found;
  }

  /** Asserts that no command was accepted; returns the addresses at which each side responded. */
  function assertRefused(result: CommandResult): { chaos: string[]; toxiproxy: string[] } {
    assert.equal(result.exitCode, 0, tail(result.stderr));
    const outcomes = Object.entries(JSON.parse(result.stdout) as Record<string, number>);
    const of = (port: number) => outcomes.filter(([attack]) => attack.split(' ')[1] === String(port));
    assert.ok(of(8011).length > 0 && of(8474).length > 0);
    // 403: addressed by a name that the service does not accept.
    for (const [attack, status] of of(8011)) assert.ok([0, 401, 403].includes(status), `${attack}: ${status}`);
    const responded = (port: number) => [
      ...new Set(of(port).flatMap(([attack, status]) => (status === 0 ? [] : [attack.split(' ')[0] ?? '']))),
    ];
    return { chaos: responded(8011), toxiproxy: responded(8474) };
  }

  async function untouched(): Promise<string> {
    const format = '{{.Name}} {{.State.StartedAt}} {{.State.Status}}';
    const containers = ['server', 'postgres', 'toxiproxy', 'chaos'].map((name) => `${project}-${name}-1`);
    return (await lab.docker(['inspect', '--format', format, ...containers])).stdout;
  }

  /**
   * Docker Engine 26 takes the rule that isolates networks out of its firewall for a moment
   * whenever it creates a network, of any project. An attack during that moment proves nothing
   * about the lab, so it is made again.
   */
  async function whileIsolated(attack: () => Promise<CommandResult>): Promise<CommandResult> {
    for (let attempt = 1; ; attempt++) {
      const since = (Date.now() / 1_000).toFixed(3);
      const result = await attack();
      const until = (Date.now() / 1_000).toFixed(3);
      const filters = ['--filter', 'type=network', '--filter', 'event=create'];
      const created = await lab.docker(['events', '--since', since, '--until', until, ...filters]);
      if (attempt === 5 || created.stdout === '') return result;
    }
  }

  const all = () => [...names, ...Object.values(addresses).flat()];

  it('from inside the server: commands are refused, and Toxiproxy does not respond', async () => {
    const before = await untouched();
    const node = ['node', '--input-type=module', '-e', program(all())];
    const run = await whileIsolated(() => lab.compose(['exec', '-T', 'server', ...node], 60_000));
    const { chaos, toxiproxy } = assertRefused(run);
    assert.ok(chaos.length > 0);
    assert.deepEqual(toxiproxy, []);
    assert.equal(await untouched(), before);
  });

  for (const network of ['entry', 'front', 'back', 'data', 'health', 'lab', 'watch'])
    it(`from a container on the network ${network}`, async () => {
      const networks = await lab.docker(['network', 'ls', '--format', '{{.Name}}']);
      // Some releases of Compose create only the networks of the services that run.
      if (!networks.stdout.split('\n').includes(`${project}_${network}`)) return assert.equal(network, 'watch');
      const before = await untouched();
      const image = `localhost/encore-chaos:${project}`;
      const node = ['--entrypoint', 'node', image, '--input-type=module', '-e', program(all())];
      const onNetwork = ['run', '--rm', '--network', `${project}_${network}`, ...node];
      const run = await whileIsolated(() => lab.docker(onNetwork));
      const { toxiproxy } = assertRefused(run);
      // Toxiproxy has no authentication; its network is all it has.
      if (network === 'lab') assert.ok(toxiproxy.includes('toxiproxy-api'));
      else assert.deepEqual(toxiproxy, [], `addresses: ${JSON.stringify(addresses)}`);
      assert.equal(await untouched(), before);
    });

  it('from this machine, by the bridge addresses', async () => {
    const before = await untouched();
    const hosts = Object.values(addresses).flat();
    const run = await runCommand(process.execPath, ['--input-type=module', '-e', program(hosts)], {
      timeoutMs: 30_000,
    });
    assertRefused(run);
    assert.equal(await untouched(), before);
  });

  it("the orchestrator's commands are accepted", async () => {
    const reverted = await lab.compose(['run', '--rm', '--no-deps', 'orchestrator', 'revert'], 60_000);
    assert.equal(reverted.exitCode, 0, reverted.stdout + tail(reverted.stderr));
  });

  it('no other container has the token, and only one has the socket', async () => {
    const { stdout } = await lab.compose(['config', '--format', 'json'], 60_000);
    const { services } = JSON.parse(stdout) as { services: Record<string, { volumes?: { source: string }[] }> };
    const having = (source: string) =>
      Object.entries(services)
        .filter(([, { volumes = [] }]) => volumes.some((volume) => volume.source === source))
        .map(([name]) => name)
        .sort();
    assert.deepEqual(having('secret'), ['chaos', 'orchestrator']);
    assert.deepEqual(having('/var/run/docker.sock'), ['chaos']);
  });
}).timeout(900_000);
