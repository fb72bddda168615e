import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { generate, resolvedProject } from '../testing/resolved-project.ts';
import { composeText } from './compose-text.ts';
import { maskSecrets } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it('hides environments, build arguments, configs and what looks like a password elsewhere', () => {
    const secrets = [
      'hunter-env',
      'hunter-arg',
      'hunter-config',
      'hunter-url',
      'hunter-option',
      'hunter-flag',
      'hunter-label',
    ];
    const { project } = generate(
      resolvedProject(
        {
          db: {
            environment: { DB_PASSWORD: 'hunter-env', MODE: 'plain-value', UNSET: null },
            build: { context: '/home/user/shop', args: { TOKEN: 'hunter-arg' } },
            command: ['serve', '--requirepass', 'hunter-option', '--token=hunter-flag', 'postgres://u:hunter-url@db/x'],
            healthcheck: { test: ['CMD-SHELL', 'ping -p hunter-env --auth-token hunter-flag && true'] },
            labels: { 'app.secret': 'hunter-label', 'app.name': 'shop' },
          },
          cache: { command: ['redis-server', '--requirepass', 'hunter-elsewhere'] },
          probe: { healthcheck: { test: ['CMD', 'redis-cli', '-a', 'hunter-elsewhere', 'ping'] } },
        },
        { configs: { site: { content: 'key hunter-config' } } },
      ),
      { proxied: { db: [5432] } },
    );
    const text = composeText(project);
    for (const secret of secrets) assert.ok(text.includes(secret), `${secret} is not in the file`);
    const masked = composeText(maskSecrets(project));
    for (const secret of [...secrets, 'plain-value']) assert.ok(!masked.includes(secret), `${secret} is shown`);
    assert.match(masked, /UNSET: null/);
    assert.match(masked, /app\.name: shop/);
    assert.match(masked, /serve/);
  });

  it('keeps names, paths and references that equal a password', () => {
    const { project } = generate(
      resolvedProject(
        {
          postgres: {
            image: 'postgres:17',
            environment: { POSTGRES_PASSWORD: 'postgres' },
            volumes: [{ type: 'volume', source: 'postgres', target: '/var/lib/postgres' }],
          },
          api: {
            depends_on: { postgres: { condition: 'service_started', required: true } },
            pid: 'service:postgres',
            links: ['postgres'],
            build: { context: 'https://user:hunter@example.org/repo.git' },
          },
        },
        { volumes: { postgres: null } },
      ),
      { proxied: { postgres: [5432] }, targets: { postgres: 1 } },
    );
    const { services } = maskSecrets(project);
    assert.equal(services['postgres-target']?.image, 'postgres:17');
    assert.equal(services['postgres-target']?.labels?.['encore.target'], 'postgres');
    assert.equal(services['postgres-target']?.volumes?.[0]?.target, '/var/lib/postgres');
    const { pid, links, build } = services['api'] ?? {};
    assert.deepEqual([pid, links], ['service:postgres-target', ['postgres']]);
    assert.equal(build?.context, 'https://user:***@example.org/repo.git');
    assert.deepEqual(Object.keys(services['api']?.depends_on ?? {}), ['postgres-target', 'postgres']);
    assert.equal(services['postgres']?.environment?.['LOG_LEVEL'], 'warn', 'a sidecar has no secrets');
  });
});
