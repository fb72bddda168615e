/**
 * Users with small scores beside one whose score is as large as the lab's largest. The server runs
 * in the process engine with one CPU; its database and this generator have no limit. While the
 * large score is uploaded and analysed repeatedly, the others must get responses as before:
 * requests of milliseconds must not wait for requests of seconds.
 *
 * Limit: no other request is rejected, and 99.9 % are answered correctly within a second.
 */
import { serverFlags } from '../embedded/src/topology.ts';
import { mcpToolCall } from '../packages/kit/src/index.ts';
import { smallScore } from '../services/server/src/testing/fixture-server.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { LimitedProgram } from './limited-program.ts';
import { type LoadRequest, OfferedLoad } from './offered-load.ts';

const program = 'services/server/src/main.ts';
const largeNotes = 150_000;
const perSecond = 80;
const seconds = 20;
const right = 0.999;

export async function benchServerLargeScores(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  await using postgres = await startPostgres();
  const env = { ENCORE_DATABASE_URL: postgres.url };
  await using server = await LimitedProgram.start({ program, flags: serverFlags, cpus: 1, env });
  if (!server.limited) {
    print('NOT RUN: without writable control groups there is no CPU limit to compete for');
    return { ok: false };
  }
  await server.answers('/scores', 'scores');
  const url = `http://127.0.0.1:${server.port}`;
  const small = smallScore('G', 20);
  const large = smallScore('C', largeNotes);
  await store(url, 'small', small);
  await using load = new OfferedLoad(url, (number) => smallOperation(number, small));
  await load.offer(20, 10);
  const alone = await load.offer(perSecond, seconds);
  const stop = new AbortController();
  const heavy = analyseAgainAndAgain(url, large, stop.signal);
  const beside = await load.offer(perSecond, seconds);
  stop.abort();
  const { done, refused } = await heavy;
  print(`${perSecond} operations per second on small scores alone: ${alone}`);
  print(`beside a score of ${(large.length / 1e6).toFixed(0)} MB: ${beside}`);
  print(`meanwhile the large score was uploaded and analysed ${done} times, and refused ${refused} times`);
  return { ok: beside.good / beside.offered >= right && beside.shedMs.length === 0 && done > 0 };
}

/** Every third operation each is an upload, an analysis, an export. */
function smallOperation(number: number, small: string): LoadRequest {
  if (number % 3 === 0) {
    const path = `/scores/made-${number}`;
    return { method: 'PUT', path, body: smallScore('G', 20 + (number % 7)), right: (status) => status === 201 };
  }
  if (number % 3 === 1) return { method: 'GET', path: '/scores/small', right: (_status, text) => text === small };
  const call = mcpToolCall({ client: 'bench', id: 1, tool: 'chord_analysis', input: { score_id: 'small' } });
  return {
    method: 'POST',
    path: '/mcp',
    ...call,
    right: (status, text) => status === 200 && text.includes('"chords":['),
  };
}

/** Two concurrent clients, as two of the lab's users may coincide. */
async function analyseAgainAndAgain(
  url: string,
  large: string,
  signal: AbortSignal,
): Promise<{ done: number; refused: number }> {
  const counts = { done: 0, refused: 0 };
  const client = async (name: string): Promise<void> => {
    for (let number = 0; !signal.aborted; number += 1) {
      const id = `large-${name}-${number}`;
      await store(url, id, large);
      const call = mcpToolCall({ client: name, id: 1, tool: 'key_analysis', input: { score_id: id } });
      const response = await fetch(`${url}/mcp`, { method: 'POST', ...call });
      const text = await response.text();
      if (response.ok && text.includes('"key":"C major"')) counts.done += 1;
      else counts.refused += 1;
    }
  };
  await Promise.all([client('one'), client('another')]);
  return counts;
}

async function store(url: string, id: string, body: string): Promise<void> {
  const stored = await fetch(`${url}/scores/${id}`, { method: 'PUT', body });
  await stored.text();
  if (!stored.ok && stored.status !== 503) throw new Error(`the score was not stored: ${stored.status}`);
}
