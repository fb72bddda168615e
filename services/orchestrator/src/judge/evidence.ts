/** Everything that the checks may look at. It is made once, at the end of the history, and nothing changes it. */
import type { Healer, Plan } from '@encore/contracts';
import type { Alerts } from './alerts.ts';
import type { Attribution } from './attribution.ts';
import type { Availability } from './availability.ts';
import type { BackToNormal, FaultRecord, Recovery } from './fault-record.ts';
import type { Generator } from './generator.ts';
import type { IntegrityFigures } from './integrity.ts';
import type { Interventions } from './interventions.ts';
import type { MemoryFloor } from './memory-floor.ts';
import type { FaultMonitoring } from './monitoring.ts';
import type { Resources } from './resources.ts';
import type { RunFacts, Settings } from './run-facts.ts';
import type { Span } from './span.ts';
import type { Traffic } from './traffic.ts';

export interface SettledFault {
  record: FaultRecord;
  recovery: Recovery;
  healedBy: Healer | null;
  /** Null for a fault that was not recovered from. */
  backToNormal: BackToNormal | null;
  /** When it was over and recovered from; null for a fault that was never tried. */
  endedAt: number | null;
  /** From the moment at which its effect may have begun until the system was back to normal; null as above. */
  window: Span | null;
}

export interface Evidence {
  plan: Plan;
  /** What the plan lacks although its settings seem to ask for it. */
  planWarnings: readonly string[];
  run: RunFacts;
  settings: Settings;
  traffic: Traffic;
  availability: Availability;
  /** In the order of their planned times. An interrupted run's later faults are left out. */
  faults: SettledFault[];
  /** Planned faults whose time never came. */
  notReached: number;
  controlWindows: Span[];
  /** Ramp and steady. */
  counted: Span | null;
  observedSeconds: number;
  dueSeconds: number;
  attribution: Attribution;
  interventions: Interventions;
  resources: Resources;
  floor: MemoryFloor;
  generator: Generator;
  alerts: Alerts;
  integrity: IntegrityFigures;
  /** The runs whose scores the ledger tells of. */
  ledgerRuns: readonly string[];
  /** What Prometheus saw, by fault id; null when nobody watched. */
  monitoring: Map<string, FaultMonitoring> | null;
  /** Share of control windows in which the server said that it was ready; null when nobody looked. */
  readyShare: number | null;
  /** What is wrong with the files themselves. */
  historyProblems: string[];
}
