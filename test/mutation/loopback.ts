/**
 * 200,000 acknowledgements without a lab: the load generator with its real ledger and read-back
 * against a server in memory on loopback, judged by the orchestrator's judge. Prints the report and
 * exits.
 */
import {
  type EncoreEvent,
  filesVersion,
  ledgerLineSchema,
  type Phase,
  type Plan,
  type RunConfig,
} from '@encore/contracts';
import { plannedSystem, readNumberedLines, systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { planHash } from '@encore/plan';
import { LoadBench } from '../../services/loadgen/src/testing/load-bench.ts';
import { Ledger } from '../../services/orchestrator/src/judge/collect/integrity.ts';
import { judge } from '../../services/orchestrator/src/judge/judge.ts';
import { historyOf } from '../../services/orchestrator/src/testing/judged-run.ts';

const acknowledgements = 200_000;
const maximumMs = 480_000;
const runId = 'test-1';
const seed = Number(process.argv[2] ?? 7);

const load: RunConfig['load'] = {
  mix: { create: 1, analyze: 0, modify: 0, export: 0, heavy: 0 },
  thinkSeconds: { min: 0.001, max: 0.002 },
  parameters: { byteBudgetPerSecond: 1_000, liveScoresPerUser: 10 },
  probesPerSecond: 1,
};

await using bench = await LoadBench.open();
const startedAt = systemClock.now();
await bench.load.start({ runId, seed, users: 200, rampSeconds: 0, load });
await waitUntil(
  `${acknowledgements} acknowledgements`,
  () => {
    bench.load.renew(runId);
    return bench.load.status().acknowledged >= acknowledgements;
  },
  { timeoutMs: maximumMs, everyMs: 500 },
);
const steadyEndsAt = systemClock.now();
await bench.load.stop();
await bench.readBack(true);
process.stdout.write(JSON.stringify(await reportOf(), null, 2));

async function reportOf() {
  const steadySeconds = (steadyEndsAt - startedAt) / 1_000;
  const unhashed = {
    version: filesVersion,
    system: plannedSystem(bundledSystem),
    dropped: [],
    seed,
    rampSeconds: 0,
    steadySeconds,
    faults: [],
    bestSuccessRate: 1,
  };
  const plan: Plan = { ...unhashed, hash: planHash(unhashed) };
  const config = { profile: 'smoke', recoveryTimeoutSeconds: 15, thresholds: {} };
  const phase = (at: number, name: Phase): EncoreEvent => ({ type: 'phase_entered', at, phase: name });
  const begun: EncoreEvent = {
    type: 'run_started',
    at: startedAt,
    runId,
    seed,
    planHash: plan.hash,
    config,
    environment: {},
  };
  const ended: EncoreEvent = { type: 'run_ended', at: systemClock.now(), status: 'completed' };
  const phases = [phase(startedAt, 'steady'), phase(steadyEndsAt, 'read-back')];
  const history = historyOf(plan, [begun, ...phases, ...bench.all(), ended]);
  const ledger = new Ledger();
  const problems: string[] = [];
  for await (const { lineNumber, value, problem } of readNumberedLines(bench.ledgerPath, ledgerLineSchema, 'n')) {
    if (problem !== null) problems.push(`ledger line ${lineNumber}: ${problem.text}`);
    if (value !== null) ledger.add(value);
  }
  return judge({ history, ledger, problems }).report;
}
