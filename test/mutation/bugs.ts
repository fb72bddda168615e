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
  seededIn: string;
  scenario: ScenarioName;
  triggersExpected: number;
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
    seededIn: store,
    scenario: 'crashes',
    triggersExpected: 10,
    ...broken('lost_writes'),
  },
  {
    name: 'drop-acknowledged',
    what: '1 in 10,000 acknowledged scores is not stored',
    seededIn: 'services/loadgen/src/testing/fake-server.ts',
    scenario: 'loopback',
    triggersExpected: 20,
    ...broken('lost_writes'),
  },
  {
    name: 'foreign-document',
    what: 'one export in ten returns another score',
    seededIn: store,
    scenario: 'calm',
    triggersExpected: 10,
    ...broken('wrong_answers'),
  },
  {
    name: 'flipped-byte',
    what: 'one bit of one write in ten is flipped',
    seededIn: store,
    scenario: 'calm',
    triggersExpected: 10,
    ...broken('corrupt_writes'),
  },
  {
    name: 'double-insert',
    what: 'a retried write is executed twice',
    seededIn: store,
    scenario: 'cut answers',
    triggersExpected: 10,
    ...broken('duplicate_writes'),
  },
  {
    name: 'memory-leak',
    what: '1 MB of memory leaks per minute, in pieces of 16 KB',
    seededIn: 'services/server/src/start-server.ts',
    scenario: 'long calm',
    triggersExpected: 400,
    ...broken('memory_floor_slope_bytes_per_hour'),
  },
  {
    name: 'breaker-stays-open',
    what: 'an open circuit breaker never admits a trial call',
    seededIn: 'services/server/src/resilience/circuit-breaker.ts',
    scenario: 'database lost',
    triggersExpected: 10,
    ...broken('recovery_seconds'),
  },
  {
    name: 'shed-by-exiting',
    what: 'the server exits instead of rejecting a request',
    seededIn: 'services/server/src/resilience/admission.ts',
    scenario: 'overload',
    triggersExpected: 10,
    ...broken('unexpected_exits'),
  },
  {
    name: 'sheds-after-outage',
    what: 'for a minute after a restart the server rejects one request in ten needlessly',
    seededIn: 'services/server/src/resilience/admission.ts',
    scenario: 'one outage',
    triggersExpected: 50,
    ...broken('back_to_normal_seconds'),
  },
  {
    name: 'ignore-sigterm',
    what: 'the server ignores SIGTERM',
    seededIn: 'services/server/src/start-server.ts',
    scenario: 'deploys',
    triggersExpected: 10,
    ...broken('forced_stops'),
  },
  {
    name: 'chaos-does-not-inject',
    what: 'the scheduler reports faults that it never injected',
    seededIn: 'services/chaos/src/scheduler/scheduler.ts',
    scenario: 'smoke',
    triggersExpected: 10,
    ...unproven('kinds_confirmed', /no fault of the planned kind/),
  },
  {
    name: 'injector-forgets-unpause',
    what: 'the injector never lifts a pause',
    seededIn: 'services/chaos/src/injector/docker-engine.ts',
    scenario: 'freezes',
    triggersExpected: 10,
    ...broken('recovery_seconds'),
  },
  {
    name: 'swallowed-exception',
    what: 'each evidence requirement throws, and the orchestrator treats that as met',
    seededIn: 'services/orchestrator/src/judge/requirements/evidence-requirements.ts',
    scenario: 'calm',
    triggersExpected: 10,
    ...unproven('requirements_can_fail', /on purpose/),
  },
];
