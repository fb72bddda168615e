/** Read-only input of the rules, requirements and warnings, built at the end of the history. */
import type { Plan, RecoveredBy } from '@encore/contracts';
import type { Attribution } from './collect/attribution.ts';
import type { Availability } from './collect/availability.ts';
import type { Generator } from './collect/generator.ts';
import type { IntegrityFigures } from './collect/integrity.ts';
import type { Interventions } from './collect/interventions.ts';
import type { MemoryFloor } from './collect/memory-floor.ts';
import type { Resources } from './collect/resources.ts';
import type { RunFacts, Settings } from './collect/run-facts.ts';
import type { Traffic } from './collect/traffic.ts';
import type { Span } from './events/span.ts';
import type { BackToNormal, FaultRecord, Recovery } from './faults/fault-record.ts';
import type { Alerts } from './observations/alerts.ts';
import type { FaultMonitoring } from './observations/monitoring.ts';

export interface FinalizedFault {
  record: FaultRecord;
  recovery: Recovery;
  recoveredBy: RecoveredBy | null;
  /** Null if the system did not recover from the fault. */
  backToNormal: BackToNormal | null;
  /** When the fault was reverted and the system had recovered; null if it was never attempted. */
  endedAt: number | null;
  /** From the earliest possible effect until the system was back to normal; null as above. */
  window: Span | null;
}

export interface Evidence {
  plan: Plan;
  /** Faults that the settings seem to request, but the plan does not contain. */
  planWarnings: readonly string[];
  run: RunFacts;
  settings: Settings;
  traffic: Traffic;
  availability: Availability;
  /** Ordered by planned time, without the faults that an interrupted run did not reach. */
  faults: FinalizedFault[];
  /** Number of planned faults that the run did not reach. */
  notReached: number;
  faultFreeWindows: Span[];
  /** Ramp and steady; null if the run reached neither. */
  measured: Span | null;
  /** Seconds of `measured` with load data. */
  observedSeconds: number;
  /** Seconds of ramp and steady that should have been observed. */
  dueSeconds: number;
  attribution: Attribution;
  interventions: Interventions;
  resources: Resources;
  floor: MemoryFloor;
  generator: Generator;
  alerts: Alerts;
  integrity: IntegrityFigures;
  /** Ids of the runs whose scores appear in the ledger. */
  ledgerRuns: readonly string[];
  /** Prometheus alerts by fault id; null if Prometheus was not queried. */
  monitoring: Map<string, FaultMonitoring> | null;
  /** Share of the fault-free windows in which the server was ready; null if it was not observed. */
  readyShare: number | null;
  /** Problems with the files themselves. */
  fileProblems: string[];
}
