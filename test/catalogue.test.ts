/**
 * The run that injects each kind of fault once: its plan, and whether its effects on a panel can be
 * distinguished.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { describe, it } from 'mocha';
import { dashboards } from '../scripts/make-dashboards.ts';
import { parseCommandLine } from '../services/orchestrator/src/command-line.ts';
import { type Move, moves } from './e2e/moved.ts';
import { root } from './support/command.ts';
import { type Dashboard, panelsOf } from './support/dashboard-panels.ts';

/** A rate over 20 s forgets an event after this long. */
const apartSeconds = 20;

describe('catalogue run', () => {
  const command = parseCommandLine(['--config', join(root, 'test/e2e/catalogue.yaml'), '--seed', '7'], {});
  assert.ok(command.name === 'run', 'problems' in command ? command.problems.join('\n') : command.name);
  const { faults } = command.plan;

  it('injects each kind except tool-stall once within six minutes', () => {
    const wanted = faultKinds.filter((kind) => kind !== 'tool-stall');
    assert.deepEqual(faults.map(({ kind }) => kind).sort(), wanted.toSorted());
    assert.ok(command.config.hours <= 0.1);
  });

  it('separates faults that affect the same series', () => {
    const known: Partial<Record<string, Move>> = moves;
    for (const [i, earlier] of faults.entries())
      for (const later of faults.slice(i + 1)) {
        if (known[earlier.kind]?.expr !== known[later.kind]?.expr) continue;
        const seconds = later.atSeconds - earlier.atSeconds - earlier.durationSeconds;
        assert.ok(seconds >= apartSeconds, `${later.kind} begins ${seconds} s after ${earlier.kind}`);
      }
  });

  it('has a panel for each kind', () => {
    const all = Object.values(dashboards()) as unknown as Dashboard[];
    const titles = all.flatMap((dashboard) => panelsOf(dashboard).map(({ title }) => title));
    for (const [kind, { panel }] of Object.entries(moves)) assert.ok(titles.includes(panel), `${kind}: ${panel}`);
  });
});
