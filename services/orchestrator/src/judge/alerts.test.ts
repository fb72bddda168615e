import assert from 'node:assert/strict';
import type { EncoreEvent, Phase } from '@encore/contracts';
import { describe, it } from 'mocha';
import { Alerts } from './alerts.ts';

const phase = (at: number, name: Phase): EncoreEvent => ({ type: 'phase_entered', at, phase: name });
const seen = (at: number, ready: boolean): EncoreEvent => ({ type: 'server_seen', at, port: true, ready });

function recoveriesOf(events: EncoreEvent[]): string[] {
  const alerts = new Alerts();
  for (const event of events) if (event.type !== 'probe_second') alerts.add(event);
  return alerts.list.map(({ message }) => message);
}

describe('the alert of a server that is ready again', () => {
  it('is raised when it was ready before', () => {
    const events = [phase(0, 'steady'), seen(1_000, true), seen(2_000, false), seen(3_500, true)];
    assert.deepEqual(recoveriesOf(events), ['the server was ready again after 1.5 s']);
  });

  it('is none while it comes up for the first time', () => {
    const comingUp = [
      phase(0, 'preflight'),
      seen(500, false),
      phase(800, 'startup'),
      seen(900, false),
      seen(1_500, true),
    ];
    assert.deepEqual(recoveriesOf([...comingUp, phase(2_000, 'ramp'), seen(2_100, true)]), []);
  });
});
