/**
 * Death at every step, on both engines. The kinds represent the ways in which a fault acts: on a
 * proxy, a process, its limits, its network, and instantly. ENCORE_EVERY_KIND=1 runs all kinds,
 * which takes some 20 minutes.
 */
import type { FaultKind, FaultParams, Target } from '@encore/contracts';
import { before, describe } from 'mocha';
import { requireEngine } from '../../support/engine.ts';
import { startDockerToyLab } from './docker-toy-lab.ts';
import { everyStepSuite } from './every-step-suite.ts';
import { kindEffects } from './kind-effects.ts';
import { startProcessToyLab } from './process-toy-lab.ts';

const instant: [FaultKind, Target][] = [
  ['crash', 'server'],
  ['outage', 'server'],
];
/** On Docker, mainly the kinds that only Docker supports. */
const chosen = (docker: boolean): [FaultKind, Target][] =>
  docker
    ? [
        ['memory-cap', 'server'],
        ['partition', 'server'],
        ['crash', 'server'],
      ]
    : [['latency', 'server:8000'], ['freeze', 'server'], ...instant];
const kindsFor = (docker: boolean): [FaultKind, Target, FaultParams?][] => {
  if (process.env['ENCORE_EVERY_KIND'] !== '1') return chosen(docker);
  const held = kindEffects.filter(({ dockerOnly = false }) => docker || !dockerOnly);
  const kinds = held.map(({ kind, target, params = {} }): [FaultKind, Target, FaultParams] => [kind, target, params]);
  return [...kinds, ...instant, ['restart', 'server']];
};

everyStepSuite('processes', startProcessToyLab, kindsFor(false));

describe('Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });
  everyStepSuite('Docker', startDockerToyLab, kindsFor(true));
});
