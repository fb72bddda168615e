/**
 * Ten times more than the server can do. It runs in the process engine with half a CPU, its database and this generator without a limit, so
 * that the server is what is short. Requests start when they are due, whether or not earlier ones have been answered; each user has a name,
 * so it is not the rate of one client that is refused. A short ramp finds the peak of goodput (right answers within a second).
 *
 * Asked is what the server is for, the analysis of a song. Reading a stored score would say nothing: it costs no more than about twelve
 * refusals (both go through node:http, which is most of either), so refusing nine tenths of it alone would take three quarters of the CPU.
 *
 * Limits (issue: the server under test): at ten times the peak rate, goodput at least 80 % of the peak; refusals are 503 or 429 with
 * Retry-After, 99 % of them in under 100 ms; afterwards, at half of the peak, all is as before without anybody's help.
 */
import { mcpToolCall, systemClock } from '../packages/kit/src/index.ts';
import { Pool } from '../services/loadgen/src/testing/peers.ts';
import { smallScore } from '../services/server/src/fixture-server.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { LimitedProgram } from './limited-program.ts';

const cpus = 0.5;
const users = 1_000;
const connections = 500;
const goodWithinMs = 1_000;
/** Then a user gives up. */
const patienceMs = 3_000;
const tickMs = 5;
const id = 'wanted';
/** About as many notes as a song has. */
const measures = 400;
const asked = mcpToolCall({ client: 'bench', id: 1, tool: 'chord_analysis', input: { score_id: id } });
const limits = { goodput: 0.8, shedMs: 100, recovered: 0.99 };

class Measured {
  readonly seconds: number;
  good = 0;
  offered = 0;
  /** Neither a right answer nor an honest refusal: late, cut, abandoned, or a refusal that does not say when to come again. */
  other = 0;
  /** Let in and refused when their turn did not come: honest, but no better than no answer. */
  refusedLate = 0;
  readonly goodMs: number[] = [];
  readonly shedMs: number[] = [];

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  get goodput(): number {
    return this.good / this.seconds;
  }

  toString(): string {
    const { offered, good, other, refusedLate, shedMs, goodMs } = this;
    const shares = [good, shedMs.length, refusedLate, other].map(
      (count) => `${((100 * count) / offered).toFixed(1)} %`,
    );
    const [right, shed] = [goodMs, shedMs].map((times) => percentile(times, 0.99).toFixed(0));
    return `right ${shares[0]}, refused ${shares[1]}, refused late ${shares[2]}, other ${shares[3]}; p99 right ${right} ms, refused ${shed} ms`;
  }
}

export async function benchServerOverload(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  await using postgres = await startPostgres();
  const env = { ENCORE_DATABASE_URL: postgres.url };
  await using server = await LimitedProgram.start({ program: 'services/server/src/main.ts', cpus, env });
  if (!server.limited) {
    print('this machine lets us set no limits: without them the generator would be what is short');
    return { ok: false };
  }
  await server.answers('/scores', 'scores');
  const url = `http://127.0.0.1:${server.port}`;
  const stored = await fetch(`${url}/scores/${id}`, { method: 'PUT', body: smallScore('G', measures) });
  if (!stored.ok) throw new Error(`the score was not stored: ${stored.status}`);
  const pool = new Pool(url, { connections, pipelining: 1 });
  try {
    return await overload(pool, print);
  } finally {
    await pool.destroy();
  }
}

async function overload(pool: Pool, print: (line: string) => void): Promise<{ ok: boolean }> {
  // Half a CPU needs a while to compile what it does most.
  await offer(pool, 20, 15);
  let peak = 0;
  for (let rate = 30; rate <= 3_200; rate *= 1.3) {
    const { goodput } = await offer(pool, rate, 5);
    peak = Math.max(peak, goodput);
    if (goodput < rate * 0.8) break;
  }
  print(`peak of goodput: ${peak.toFixed(0)} analyses per second with half a CPU`);
  await systemClock.sleep(patienceMs);
  const before = await offer(pool, peak / 2, 10);
  const during = await offer(pool, peak * 10, 15);
  const recovery = await offer(pool, peak / 2, 5);
  const after = await offer(pool, peak / 2, 10);
  print(`half of the peak: ${before}`);
  print(`ten times the peak: ${during}`);
  print(`goodput ${(during.goodput / peak).toFixed(2)} of the peak (at least ${limits.goodput})`);
  print(`half of the peak, in the first 5 s after: ${recovery}`);
  print(`half of the peak, in the next 10 s: ${after}`);
  const shedInTime = during.shedMs.length > 0 && percentile(during.shedMs, 0.99) < limits.shedMs;
  const recovered = after.good / after.offered >= limits.recovered;
  return { ok: during.goodput >= peak * limits.goodput && shedInTime && recovered };
}

/** So many requests in a second for so many seconds, and the wait for the last of them. */
async function offer(pool: Pool, perSecond: number, seconds: number): Promise<Measured> {
  const measured = new Measured(seconds);
  const open: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - startedAt) {
    const due = Math.floor((elapsedMs * perSecond) / 1_000);
    for (; measured.offered < due; measured.offered += 1) open.push(ask(pool, measured));
    await systemClock.sleep(tickMs);
  }
  await Promise.all(open);
  return measured;
}

async function ask(pool: Pool, measured: Measured): Promise<void> {
  const headers = { ...asked.headers, 'x-client-id': `user-${measured.offered % users}` };
  const startedAt = performance.now();
  try {
    const {
      statusCode,
      headers: answered,
      body,
    } = await pool.request({
      method: 'POST',
      path: '/mcp',
      headers,
      body: asked.body,
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await body.text();
    const tookMs = performance.now() - startedAt;
    const refused = (statusCode === 503 || statusCode === 429) && answered['retry-after'] !== undefined;
    if (refused) measured.shedMs.push(tookMs);
    else if (/"error":\{"code":"(OVERLOADED|RATE_LIMITED)"/.test(text)) measured.refusedLate += 1;
    else if (statusCode === 200 && text.includes('"chords":[') && tookMs <= goodWithinMs) {
      measured.good += 1;
      measured.goodMs.push(tookMs);
    } else measured.other += 1;
  } catch {
    measured.other += 1;
  }
}

function percentile(times: number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN;
}
