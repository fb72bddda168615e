/** The tasks on a parsed score and their results. */
import type { ScoreOutline } from '@encore/contracts';
import type {
  AnalysisResults,
  AnalysisTask,
  ExportFormat,
  KeyAnalysis,
  ProfileName,
  ScoreSummary,
} from '@encore/music/tasks';

export type ScoreTask =
  | AnalysisTask
  | { kind: 'summary' }
  | { kind: 'outline' }
  | { kind: 'key'; profile: ProfileName | 'vote' }
  | { kind: 'export'; format: ExportFormat; maxBytes: number }
  /** Returns the transposed score as MusicXML. */
  | { kind: 'transpose'; interval: string; maxBytes: number };

export interface TaskResults extends AnalysisResults {
  summary: ScoreSummary;
  outline: ScoreOutline;
  key: KeyAnalysis;
  export: Uint8Array;
  transpose: Uint8Array;
}
export type TaskResult = TaskResults[keyof TaskResults];
export type ResultOf<Task extends ScoreTask> = TaskResults[Task['kind']];

/**
 * Up to this many notes a task takes at most a few milliseconds, so it may run in the server's
 * process.
 */
export function maxInlineNotes(task: ScoreTask): number {
  switch (task.kind) {
    case 'summary':
    case 'outline':
    case 'key':
      return 5_000;
    case 'export':
    case 'transpose':
      return 1_000;
    default:
      return 0;
  }
}
