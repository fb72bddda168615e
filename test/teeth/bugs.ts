/**
 * The seeded bugs, one line each: the module that it replaces, its run, and the rule of the verdict
 * that must detect it.
 */
import type { Result } from '@encore/contracts';
import type { ScenarioName } from './scenarios.ts';

export interface Bug {
  /** Its file is bugs/NAME.ts. */
  name: string;
  what: string;
  /** Path of the module that it replaces. */
  plantedIn: string;
  scenario: ScenarioName;
  hitsExpected: number;
  /** The rule or check that must detect it, the verdict, and the beginning of its reason. */
  rule: string;
  verdict: Result;
  reason: RegExp;
}

const broken = (rule: string): Pick<Bug, 'rule' | 'verdict' | 'reason'> => ({
  rule,
  verdict: 'FAILED',
  reason: new RegExp(`^${rule}: .* \\(rule: `),
});
const unproven = (rule: string, reason: RegExp): Pick<Bug, 'rule' | 'verdict' | 'reason'> => ({
  rule,
  verdict: 'INCONCLUSIVE',
  reason,
});
const store = 'services/server/src/database/score-store.ts';

export const bugs: readonly Bug[] = [
  {
    name: 'acknowledge-before-commit',
    what: 'a write is acknowledged 0.4 s before it is committed',
    plantedIn: store,
    scenario: 'crashes',
    hitsExpected: 10,
    ...broken('lost_writes'),
  },
  {
    name: 'drop-acknowledged',
    what: '1 in 10,000 acknowledged scores is not stored',
    plantedIn: 'services/loadgen/src/testing/fake-server.ts',
    scenario: 'loopback',
    hitsExpected: 20,
    ...broken('lost_writes'),
  },
  {
    name: 'foreign-document',
    what: 'one export in ten returns another score',
    plantedIn: store,
    scenario: 'calm',
    hitsExpected: 10,
    ...broken('wrong_answers'),
  },
  {
    name: 'flipped-byte',
    what: 'one bit of one write in ten is flipped',
    plantedIn: store,
    scenario: 'calm',
    hitsExpected: 10,
    ...broken('corrupt_writes'),
  },
  {
    name: 'double-insert',
    what: 'a retried write is executed twice',
    plantedIn: store,
    scenario: 'cut answers',
    hitsExpected: 10,
    ...broken('duplicate_writes'),
  },
  {
    name: 'memory-leak',
    what: '1 MB of memory leaks per minute, in pieces of 16 KB',
    plantedIn: 'services/server/src/start-server.ts',
    scenario: 'long calm',
    hitsExpected: 400,
    ...broken('memory_floor_slope_bytes_per_hour'),
  },
  {
    name: 'breaker-stays-open',
    what: 'an open circuit breaker never admits a trial call',
    plantedIn: 'services/server/src/resilience/circuit-breaker.ts',
    scenario: 'database lost',
    hitsExpected: 10,
    ...broken('recovery_seconds'),
  },
  {
    name: 'shed-by-exiting',
    what: 'the server exits instead of rejecting a request',
    plantedIn: 'services/server/src/resilience/admission.ts',
    scenario: 'overload',
    hitsExpected: 10,
    ...broken('unexpected_exits'),
  },
  {
    name: 'sheds-after-outage',
    what: 'for a minute after a restart the server rejects one request in ten without need',
    plantedIn: 'services/server/src/resilience/admission.ts',
    scenario: 'one outage',
    hitsExpected: 50,
    ...broken('back_to_normal_seconds'),
  },
  {
    name: 'ignore-sigterm',
    what: 'the server ignores SIGTERM',
    plantedIn: 'services/server/src/start-server.ts',
    scenario: 'deploys',
    hitsExpected: 10,
    ...broken('forced_stops'),
  },
  {
    name: 'chaos-does-not-inject',
    what: 'the scheduler reports faults that it never injected',
    plantedIn: 'services/chaos/src/scheduler/scheduler.ts',
    scenario: 'smoke',
    hitsExpected: 10,
    ...unproven('kinds_bit', /no fault of the planned kind/),
  },
  {
    name: 'injector-forgets-unpause',
    what: 'the injector never lifts a pause',
    plantedIn: 'services/chaos/src/injector/docker-engine.ts',
    scenario: 'freezes',
    hitsExpected: 10,
    ...broken('recovery_seconds'),
  },
  {
    name: 'swallowed-exception',
    what: 'each evidence requirement throws, and the orchestrator treats that as met',
    plantedIn: 'services/orchestrator/src/judge/evidence-requirements.ts',
    scenario: 'calm',
    hitsExpected: 10,
    ...unproven('requirements_can_fail', /on purpose/),
  },
];
