/**
 * The injector's state on disk: one line per fact that must survive a kill, fsynced before `write`
 * resolves. Holds the newest run only; a new run begins a new file. A truncated last line belongs
 * to a write that never resolved.
 */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  actorSchema,
  type EncoreEvent,
  eventSchema,
  faultRevertedSchema,
  type PlannedFault,
  plannedFaultSchema,
  targetSchema,
} from '@encore/contracts';
import { AppendFile, describeError, EncoreError } from '@encore/kit';
import { z } from 'zod';
import { functionsOf } from './faults/functions-of.ts';
import type { RequestedStart } from './start-attributor.ts';

const at = z.number();
const lineSchema = z.discriminatedUnion('line', [
  z.object({ line: z.literal('run'), at, runId: z.string(), ttlMs: z.number() }),
  z.object({ line: z.literal('run_over'), at, runId: z.string() }),
  /** A fault is about to be injected; also the event `fault_intended`. */
  z
    .object({ line: z.literal('intent'), at, runId: z.string(), fault: plannedFaultSchema, saved: z.unknown() })
    .transform(({ saved, ...line }) => ({ ...line, saved: functionsOf[line.fault.kind].saved.parse(saved) })),
  /**
   * Reverted and verified, or never active; exactly one per intent. One line with the event, so
   * that a kill leaves both or none. `restartPendingSince`: when the fault took its target
   * down, in the engine's time; null unless the target still needs a start.
   */
  z.object({
    line: z.literal('closed'),
    at,
    restartPendingSince: z.number().nullable(),
    reverted: faultRevertedSchema,
  }),
  z.object({
    line: z.literal('start_requested'),
    at,
    target: targetSchema,
    containerId: z.string(),
    actor: actorSchema,
    reason: z.string(),
  }),
  z.object({ line: z.literal('event'), event: eventSchema }),
]);
export type Line = z.infer<typeof lineSchema>;
type Intent = Extract<Line, { line: 'intent' }>;
/** A fault that left its target down, and the engine's time of that in epoch milliseconds. */
export interface PendingRestart {
  fault: PlannedFault;
  sinceMs: number;
}
type RunLine = Extract<Line, { line: 'run' }>;

const fileName = 'journal.ndjson';

/** Receives lines; a file, or a list in a simulation. */
export interface LineSink {
  append(line: Line): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFiles {
  sink: LineSink;
  /** Sets the file aside, so that a new one can be opened. */
  retire: () => Promise<void>;
  open: () => Promise<LineSink>;
}

export class Journal {
  readonly #open: () => Promise<LineSink>;
  readonly #retire: () => Promise<void>;
  #sink: LineSink;
  /** What an earlier process left behind; read once at startup. */
  readonly run: RunLine | null = null;
  readonly openIntents: readonly Intent[] = [];
  readonly pendingRestarts: readonly PendingRestart[] = [];
  readonly requestedStarts: readonly RequestedStart[] = [];
  readonly events: readonly EncoreEvent[] = [];
  readonly faults: readonly PlannedFault[] = [];
  readonly touchedIds: readonly string[] = [];

  private constructor(lines: readonly Line[], files: JournalFiles) {
    this.#sink = files.sink;
    this.#open = files.open;
    this.#retire = files.retire;
    const intents = new Map<string, Intent>();
    const pendingRestarts = new Map<string, PendingRestart>();
    const events: EncoreEvent[] = [];
    const faults: PlannedFault[] = [];
    const touchedIds = new Set<string>();
    for (const line of lines) {
      switch (line.line) {
        case 'run':
          this.run = line;
          break;
        case 'run_over':
          this.run = null;
          break;
        case 'intent':
          intents.set(line.fault.id, line);
          faults.push(line.fault);
          events.push({ type: 'fault_intended', at: line.at, faultId: line.fault.id, fault: line.fault });
          if (line.saved.containerId !== null) touchedIds.add(line.saved.containerId);
          break;
        case 'closed': {
          const { faultId } = line.reverted;
          const intent = intents.get(faultId);
          const { restartPendingSince: sinceMs } = line;
          if (intent && sinceMs !== null) pendingRestarts.set(intent.fault.target, { fault: intent.fault, sinceMs });
          intents.delete(faultId);
          events.push(line.reverted);
          break;
        }
        case 'start_requested':
          this.requestedStarts = [...this.requestedStarts.slice(-10), line];
          break;
        case 'event':
          events.push(line.event);
          if (line.event.type === 'target_started') {
            const { target, engineAt = Number.POSITIVE_INFINITY } = line.event;
            if (engineAt > (pendingRestarts.get(target)?.sinceMs ?? 0)) pendingRestarts.delete(target);
            this.requestedStarts = [];
          }
          break;
      }
    }
    this.openIntents = [...intents.values()];
    this.pendingRestarts = [...pendingRestarts.values()];
    this.events = events;
    this.faults = faults;
    this.touchedIds = [...touchedIds];
  }

  static async open(folder: string): Promise<Journal> {
    const path = join(folder, fileName);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const open = async () => linesOf(await AppendFile.open(path));
    const retire = () => rename(path, join(folder, `previous-${fileName}`));
    const file = await AppendFile.open(path);
    // A truncated line must not merge with the next one.
    if (text !== '' && !text.endsWith('\n')) await file.append('');
    return Journal.from(text, { sink: linesOf(file), open, retire });
  }

  static from(text: string, files: JournalFiles): Journal {
    return new Journal(parseLines(text), files);
  }

  write(line: Line): Promise<void> {
    return this.#sink.append(line);
  }

  /** Time of the last recorded engine event; the watch resumes from it after a restart. */
  get lastEngineTime(): number | null {
    if (this.run === null) return null;
    const last = this.events.findLast((event) => event.type === 'engine_event');
    return last?.type === 'engine_event' ? last.engineAt : this.run.at;
  }

  /**
   * End of the recorded part of an engine loss that was still ongoing, in epoch milliseconds, even
   * after the run's lease has ended; null for none.
   */
  get engineLostUntil(): number | null {
    const last = this.events.findLast((event) => event.type === 'engine_lost');
    return last?.type === 'engine_lost' && last.ongoing ? last.toAt : null;
  }

  /** Sets the previous run's lines aside; none of its faults may be active. */
  async beginRun(runId: string, ttlMs: number, nowMs: number): Promise<void> {
    await this.#sink.close();
    await this.#retire();
    this.#sink = await this.#open();
    await this.write({ line: 'run', at: nowMs, runId, ttlMs });
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

/** A journal file as a LineSink. */
export function linesOf(file: AppendFile): LineSink {
  const append = async (line: Line) => {
    try {
      await file.append(JSON.stringify(line));
    } catch (cause) {
      throw unwritable(cause);
    }
  };
  return { append, close: () => file.close() };
}

/** Returns an error for the caller, because without the journal no fault may be injected. */
function unwritable(cause: unknown): EncoreError {
  const message = `the injector's journal cannot be written (${describeError(cause)}); make the volume "journal" writable, or free space on it`;
  return new EncoreError('JOURNAL_UNWRITABLE', message, { cause });
}

function parseLines(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [lineSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
