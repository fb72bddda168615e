/**
 * The run that injects each kind of fault once: its plan, and whether its effects on a panel can be
 * distinguished.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { describe, it } from 'mocha';
import { dashboards } from '../scripts/make-dashboards.ts';
import { parseCommandLine } from '../services/orchestrator/src/cli/command-line.ts';
import { moveOf } from './e2e/moved.ts';
import { root } from './support/command.ts';
import { type Dashboard, panelsOf } from './support/dashboard-panels.ts';

/** A rate over 20 s forgets an event after this long. */
const apartSeconds = 20;

describe('catalogue run', () => {
  const command = parseCommandLine(['--config', join(root, 'test/e2e/catalogue.yaml'), '--seed', '7'], {});
  assert.ok(command.name === 'run', 'problems' in command ? command.problems.join('\n') : command.name);
  const { faults } = command.plan;

  it('injects each kind except tool-stall, each once per target, within six minutes', () => {
    const wanted = faultKinds.filter((kind) => kind !== 'tool-stall');
    assert.deepEqual([...new Set(faults.map(({ kind }) => kind))].sort(), wanted.toSorted());
    assert.equal(new Set(faults.map(({ kind, target }) => `${kind} on ${target}`)).size, faults.length);
    assert.ok(command.config.hours <= 0.1);
  });

  it('separates faults that affect the same series', () => {
    for (const [i, earlier] of faults.entries())
      for (const later of faults.slice(i + 1)) {
        if (moveOf(earlier).expr !== moveOf(later).expr) continue;
        const seconds = later.atSeconds - earlier.atSeconds - earlier.durationSeconds;
        assert.ok(seconds >= apartSeconds, `${later.kind} begins ${seconds} s after ${earlier.kind}`);
      }
  });

  it('has a panel for each fault', () => {
    const all = Object.values(dashboards()) as unknown as Dashboard[];
    const titles = all.flatMap((dashboard) => panelsOf(dashboard).map(({ title }) => title));
    for (const fault of faults) {
      const { panel } = moveOf(fault);
      assert.ok(titles.includes(panel), `${fault.kind} on ${fault.target}: ${panel}`);
    }
  });
});
