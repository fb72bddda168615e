/** Sums up the events of a run without faults and checks each goal. */
import type { EncoreEvent, EventOf } from '../packages/contracts/src/index.ts';

type Print = (line: string) => void;

const maxShown = 20;

export class QuietHour {
  /** Uploaded bytes count between these times, when all users are active. */
  budgetBeginsAt = Number.POSITIVE_INFINITY;
  budgetEndsAt = Number.POSITIVE_INFINITY;
  readBack: EventOf<'read_back_done'> | null = null;
  #attempts = 0;
  #operations = 0;
  #bytes = 0;
  #probes = 0;
  #late = 0;
  readonly #errors: string[] = [];
  readonly #peaks = new Map<string, number>();

  add(event: EncoreEvent): void {
    switch (event.type) {
      case 'load_second':
        this.#second(event);
        return;
      case 'attempt_failed':
        // The end of the run, not the server, cut these.
        if (event.outcome !== 'cancelled_at_end')
          this.#error(event.at, `${event.attemptId} ${event.request}: ${event.outcome} ${event.detail}`);
        return;
      case 'probe_second':
        this.#probes += event.probes.length;
        for (const { dueAt, outcome } of event.probes)
          if (outcome !== 'ok' && outcome !== 'cancelled_at_end') this.#error(dueAt, `probe: ${outcome}`);
        return;
      case 'target_sampled':
        this.#resident(event.target, event.memoryBytes);
        return;
      case 'generator_checked':
        this.#late += event.lateStarts;
        return;
      case 'read_back_done':
        if (event.final) this.readBack = event;
        return;
    }
  }

  line(): string {
    const resident = [...this.#peaks].map(([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(0)}`).join(', ');
    return `${this.#operations} operations, ${this.#errors.length} errors, ${this.#late} late starts; peak MB: ${resident}`;
  }

  noErrors(print: Print): boolean {
    const errors = this.#errors.length;
    print(`${errors} errors in ${this.#attempts} attempts and ${this.#probes} probes; ${this.#late} late starts`);
    for (const error of this.#errors.slice(0, maxShown)) print(`  ${error}`);
    return errors === 0 && this.#attempts > 0 && this.#probes > 0;
  }

  /** A score that the ledger records as deleted and the server still has is a phantom. */
  nothingLost(ledger: string, print: Print): boolean {
    const deletions = ledger.match(/"type":"deleted"/g)?.length ?? 0;
    if (this.readBack === null) return false;
    const { readBack, lost, corrupt, duplicate, phantom } = this.readBack;
    print(`${deletions} deletions in the ledger; of ${readBack} scores read back ${lost} lost, ${corrupt} corrupt,`);
    print(`  ${duplicate} duplicate; ${phantom} on the server but not in the ledger`);
    return deletions > 0 && readBack > 0 && lost + corrupt + duplicate + phantom === 0;
  }

  budgetKept(bytesPerSecond: number, maxOff: number, print: Print): boolean {
    const measured = this.#bytes / ((this.budgetEndsAt - this.budgetBeginsAt) / 1_000);
    const share = measured / bytesPerSecond;
    print(`${(share * 100).toFixed(1)} % of the byte budget uploaded, after the ramp`);
    return Math.abs(share - 1) <= maxOff;
  }

  residentUnder(name: string, limitBytes: number, print: Print): boolean {
    const peak = this.#peaks.get(name) ?? Number.NaN;
    print(
      `peak resident memory of ${name}: ${(peak / 1e6).toFixed(0)} MB (goal: under ${(limitBytes / 1e6).toFixed(0)})`,
    );
    return peak < limitBytes;
  }

  #second({ at, attempts, operations, bytesSent }: EventOf<'load_second'>): void {
    for (const count of Object.values(attempts)) this.#attempts += count;
    for (const { ok, failed, unknown } of Object.values(operations)) this.#operations += ok + failed + unknown;
    if (at > this.budgetBeginsAt && at <= this.budgetEndsAt) this.#bytes += bytesSent;
  }

  #resident(name: string, bytes: number): void {
    this.#peaks.set(name, Math.max(this.#peaks.get(name) ?? 0, bytes));
  }

  #error(at: number, text: string): void {
    this.#errors.push(`${new Date(at).toISOString()} ${text}`);
  }
}
