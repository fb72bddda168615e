/** What can be asked of a parsed score. */
import type { ScoreOutline } from '@encore/contracts';
import type {
  AnalysisResults,
  AnalysisTask,
  ExportFormat,
  KeyAnalysis,
  ProfileName,
  ScoreSummary,
} from '../music/work.ts';

export type ScoreTask =
  | AnalysisTask
  | { kind: 'summary' }
  | { kind: 'outline' }
  | { kind: 'key'; profile: ProfileName | 'vote' }
  | { kind: 'export'; format: ExportFormat; maxBytes: number }
  /** Answers with the moved piece as MusicXML. */
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

/** Up to this many notes a task takes a few milliseconds at most, so it may run beside the users' requests. */
export function notesAtOnce(task: ScoreTask): number {
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
