/** How a revert, a death and the state of the server change the record of a fault. */
import type { EventOf } from '@encore/contracts';
import { type FaultRecord, wasSkipped } from './fault-record.ts';

/** The fault was reverted; the recovery time of some kinds starts now. */
export function revert(record: FaultRecord, event: EventOf<'fault_reverted'>): void {
  if (record.revertVerified === true) return;
  record.closedAt = wasSkipped(record) && event.verified ? event.at : null;
  record.returned = null;
  record.revertedAt = event.at;
  record.revertVerified = event.verified;
  record.revertCause = event.cause;
  const { clock } = record.behaviour;
  if (clock === 'injection') record.referenceAt ??= event.at;
  // If the target died from the fault, the recovery time is already running.
  if (clock === 'revert' && (record.diedAt === null || record.behaviour.deathIsTheInjection)) {
    record.clockStartsAt = event.at;
    record.referenceAt = event.at;
    record.firstSuccessAt = null;
  }
}

/** The target died, by the fault or during it. */
export function die(record: FaultRecord, time: number): void {
  const { clock, deathIsTheInjection } = record.behaviour;
  const first = record.diedAt === null;
  record.diedAt ??= time;
  if (clock === 'revert' && deathIsTheInjection) return;
  if (clock === 'revert' && first) record.clockStartsAt = time;
  // A target that dies again before the fault has ended must start and respond again.
  record.referenceAt = time;
  record.firstSuccessAt = null;
  record.startedBy = null;
  record.restartedAt = null;
  record.portAt = null;
  record.readyAt = null;
}

/** Notes when port and readiness were lost, and when they were back. */
export function observeServer(record: FaultRecord, event: EventOf<'server_observed'>): void {
  if (!event.port || !event.ready) record.detectedAt ??= event.at;
  if (!event.port) record.portLost = true;
  else if (record.portLost) record.portAt ??= event.at;
  if (!event.ready) record.readyLost = true;
  else if (record.readyLost) record.readyAt ??= event.at;
}
