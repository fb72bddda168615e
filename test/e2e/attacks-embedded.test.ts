/**
 * On the embedded runtime every program listens on 127.0.0.1, where any local user reaches it.
 * Another user can command neither the chaos service nor the proxy nor the engine, and cannot read
 * the token. Programs of the same user are not kept out: docs/SECURITY.md.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readApiToken } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { startBundledLab } from '../../embedded/src/bundled-lab.ts';
import { readHostEnvironment } from '../../embedded/src/config.ts';
import type { Lab } from '../../embedded/src/lab.ts';
import { root, runCommand, tail } from '../support/command.ts';

const nobody = 65_534;

/**
 * Tries everything in `targets` and prints the outcome of each: an HTTP status, an error code, or
 * the result.
 */
const program = `
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
const { socket, token, requests } = JSON.parse(process.argv[1]);
const outcomes = {};
const attempt = async (name, act) => { outcomes[name] = await act().then(String, (error) => error.code ?? String(error)); };
await attempt('engine', () => new Promise((done, failed) => connect(socket).once('connect', () => done('connected')).once('error', failed)));
await attempt('token', async () => readFileSync(token, 'utf8'));
for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
  let command = '';
  try { command = readFileSync('/proc/' + pid + '/cmdline', 'utf8'); } catch {}
  // Skip this program, whose command line contains the name too.
  if (pid === String(process.pid) || !command.includes('services/chaos/src/main.ts')) continue;
  outcomes['command line ' + pid] = command;
  await attempt('environment ' + pid, async () => readFileSync('/proc/' + pid + '/environ', 'utf8'));
}
for (const [method, url, body] of requests) await attempt(method + ' ' + url, async () => {
  const init = { method, headers: { 'user-agent': 'attacker', 'content-type': 'application/json' } };
  return (await fetch(url, body ? { ...init, body: JSON.stringify(body) } : init)).status;
});
console.log(JSON.stringify(outcomes));
process.exit();`;

describe('attacks on the lab without Docker', function () {
  this.timeout(120_000);
  let lab: Lab | undefined;
  let results = '';
  before(async () => {
    results = await mkdtemp(join(tmpdir(), 'encore-attacked-'));
    lab = await startBundledLab(
      { root, results, host: readHostEnvironment(process.env) },
      new AbortController().signal,
    );
  });
  after(async () => {
    await lab?.[Symbol.asyncDispose]();
    await rm(results, { recursive: true, force: true });
  });

  function targets() {
    const chaos = lab?.env['ENCORE_CHAOS_URL'] ?? '';
    const token = lab?.env['ENCORE_TOKEN_FILE'] ?? '';
    // All ports of a lab are in one block of a hundred.
    const toxiproxy = `http://127.0.0.1:${Number(new URL(chaos).port) - 11 + 74}`;
    const requests: [method: string, url: string, body?: object][] = [
      ['POST', `${chaos}/run`, { runId: 'attack', ttlMs: 1_000 }],
      ['DELETE', `${chaos}/schedule`],
      ['POST', `${chaos}/revert`, {}],
      ['GET', `${chaos}/events`],
      ['GET', `${toxiproxy}/proxies`],
      ['POST', `${toxiproxy}/proxies/server:8000`, { enabled: false }],
      ['POST', `${toxiproxy}/reset`],
    ];
    return { socket: join(token, '..', '..', 'engine.sock'), token, requests };
  }

  async function outcomesAs(uid: number | undefined): Promise<Record<string, string>> {
    const args = ['--input-type=module', '-e', program, JSON.stringify(targets())];
    const options = { timeoutMs: 30_000, cwd: '/', ...(uid === undefined ? {} : { uid }) };
    const run = await runCommand(process.execPath, args, options);
    assert.equal(run.exitCode, 0, tail(run.stderr));
    return JSON.parse(run.stdout) as Record<string, string>;
  }

  it('another user cannot command or read anything', async function () {
    if (process.getuid?.() !== 0) {
      process.stdout.write('    SKIPPED: only root can act as another user\n');
      this.skip();
    }
    const { token, requests } = targets();
    const outcomes = await outcomesAs(nobody);
    assert.equal(outcomes['engine'], 'EACCES');
    assert.equal(outcomes['token'], 'EACCES');
    const environments = Object.entries(outcomes).filter(([name]) => name.startsWith('environment '));
    assert.ok(environments.length > 0, 'the service was found');
    for (const [name, outcome] of environments) assert.equal(outcome, 'EACCES', name);
    for (const [method, url] of requests) assert.equal(outcomes[`${method} ${url}`], '401', `${method} ${url}`);
    assert.ok(!JSON.stringify(outcomes).includes(readApiToken(token)), 'command lines are visible to every user');
  });

  it('refuses a program of the same user without the token; only this user reaches the engine', async () => {
    const { socket, requests } = targets();
    const outcomes = await outcomesAs(undefined);
    for (const [method, url] of requests) assert.equal(outcomes[`${method} ${url}`], '401', `${method} ${url}`);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });
});
