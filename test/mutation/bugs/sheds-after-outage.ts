/**
 * For a minute after a restart the server rejects one request in ten, although it could serve it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { Admission as Right } from '../../../services/server/src/resilience/admission.ts';
import { overloaded } from '../../../services/server/src/resilience/semaphore.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/resilience/admission.ts';

const shedForMs = 60_000;
/** The first process of a run is not a restart. */
const marker = `${process.env['MUTATION_TRIGGERS'] ?? '/tmp/encore-triggers'}.started`;
const shedsUntil = existsSync(marker) ? performance.now() + shedForMs : 0;
writeFileSync(marker, '');

export class Admission extends Right {
  #count = 0;

  override refusal(...request: Parameters<Right['refusal']>): ReturnType<Right['refusal']> {
    const refusal = super.refusal(...request);
    this.#count += 1;
    if (refusal !== null || this.#count % 10 !== 0 || performance.now() > shedsUntil) return refusal;
    trigger();
    return overloaded('the server restarted recently');
  }
}
