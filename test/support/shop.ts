/** examples/shop in a folder of its own, with or without its deliberate weakness. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { root, runCommand, tail } from './command.ts';
import { freePort } from './free-port.ts';

/** Seconds of load after which a run is FAILED: 15 s after the restart at 6 s, and some more. */
export const untilFailed = 24;

const original = join(root, 'examples', 'shop');

/** A copy, removed at the end. */
export class ShopFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'encore-shop-'));

  constructor() {
    const own = (path: string): boolean => !/\/(node_modules|test_results)$/.test(path);
    cpSync(original, this.path, { recursive: true, filter: own });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Makes the change of one line that the comment above that line asks for. */
  fix(): void {
    const text = readFileSync(this.file('api.mjs'), 'utf8');
    const fixed = text.replace(/^(\/\/ To fix it, replace the next line by: )(.+)\n.+$/m, '$1$2\n$2');
    assert.notEqual(fixed, text, 'api.mjs does not state its fix');
    writeFileSync(this.file('api.mjs'), fixed);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** API and proxy of a shop as processes, on the packages of this checkout. */
export class ShopProcesses implements AsyncDisposable {
  readonly url: string;
  readonly #children: ChildProcess[] = [];
  #log = '';

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(folder: ShopFolder, databaseUrl: string): Promise<ShopProcesses> {
    if (!existsSync(folder.file('node_modules'))) symlinkSync(join(root, 'node_modules'), folder.file('node_modules'));
    const [apiPort, proxyPort] = [await freePort(), await freePort()];
    const shop = new ShopProcesses(proxyPort);
    await createTables(folder, databaseUrl);
    shop.#start(folder, 'api.mjs', { PORT: `${apiPort}`, DATABASE_URL: databaseUrl });
    shop.#start(folder, 'proxy.mjs', { PORT: `${proxyPort}`, API_URL: `http://127.0.0.1:${apiPort}` });
    await waitUntil('the shop', () => shop.isHealthy(), { timeoutMs: 20_000 });
    return shop;
  }

  async isHealthy(): Promise<boolean> {
    const response = await fetch(`${this.url}/health`).catch(() => null);
    await response?.body?.cancel();
    return response?.ok === true;
  }

  /** What the programs printed. */
  get log(): string {
    return this.#log;
  }

  #start(folder: ShopFolder, program: string, env: NodeJS.ProcessEnv): void {
    const options = { cwd: folder.path, env: { ...process.env, ...env } };
    const child = spawn(process.execPath, [program], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr])
      output.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    this.#children.push(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      const gone = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
    }
  }
}

/** As the image of PostgreSQL does with the file that docker-compose.yml mounts. */
async function createTables(folder: ShopFolder, databaseUrl: string): Promise<void> {
  const script = `
    import { readFileSync } from 'node:fs';
    import pg from 'pg';
    const client = new pg.Client(process.env.DATABASE_URL);
    await client.connect();
    await client.query(readFileSync('schema.sql', 'utf8'));
    await client.end();`;
  const { exitCode, stderr } = await runCommand(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: folder.path,
    env: { DATABASE_URL: databaseUrl },
    timeoutMs: 30_000,
  });
  assert.equal(exitCode, 0, tail(stderr));
}
