/**
 * Time from kill to first correct response: the lab's server, which must read a stored score from
 * its database, against a bare `node:http` server. Both run in the process engine with one CPU,
 * crash in turn, restart by the same policy, and have a warm compile cache. Each runs long enough
 * between two crashes for the policy to return to its shortest delay.
 *
 * Limit: at most 3.3 times the bare server, as the median of the rounds. Express adds a fifth to
 * what the server loads at startup (docs/DECISIONS.md); without it the limit was 3.
 */
import { serverFlags } from '../embedded/src/topology.ts';
import { systemClock } from '../packages/kit/src/index.ts';
import { smallScore } from '../services/server/src/testing/fixture-server.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { LimitedProgram } from './limited-program.ts';
import { spreadOf } from './spread.ts';

const rounds = 5;
const limit = 3.3;
/** The restart policy resets its delay once a program has run for 10 s. */
const lifeMs = 11_000;
const path = '/scores/start';

export async function benchServerStart(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  await using postgres = await startPostgres();
  const score = smallScore('G', 2);
  await using server = await LimitedProgram.start({
    program: 'services/server/src/main.ts',
    flags: serverFlags,
    cpus: 1,
    env: { ENCORE_DATABASE_URL: postgres.url },
  });
  await using bare = await LimitedProgram.start({ program: 'bench/bare-server.ts', cpus: 1 });
  await server.answers('/scores', 'scores');
  const stored = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'PUT', body: score });
  if (!stored.ok) throw new Error(`the score was not stored: ${stored.status}`);
  const ratios: number[] = [];
  // The first crash of each only warms up the cache.
  for (let round = 0; round <= rounds; round += 1) {
    await systemClock.sleep(lifeMs);
    const bareMs = await untilRight(bare, '/', 'right');
    const serverMs = await untilRight(server, path, score);
    if (round === 0) continue;
    ratios.push(serverMs / bareMs);
    print(`round ${round}: ${(serverMs / bareMs).toFixed(2)} times the bare server`);
  }
  const { minimum, median, maximum } = spreadOf(ratios);
  print(`median ${median.toFixed(2)} (limit ${limit}), ${minimum.toFixed(2)} to ${maximum.toFixed(2)}`);
  if (!server.limited) print('  without limits: no control group is writable on this machine');
  return { ok: median <= limit };
}

async function untilRight(program: LimitedProgram, askFor: string, content: string): Promise<number> {
  const killedAt = performance.now();
  await program.crash();
  await program.answers(askFor, content);
  return performance.now() - killedAt;
}
