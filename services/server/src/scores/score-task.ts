/** What can be asked of a parsed score. The same code answers here and in a worker process; which of both is a matter of size. */

import { EncoreError } from '@encore/kit/encore-error';
import {
  analyzeKey,
  type ExportFormat,
  exportScore,
  type KeyAnalysis,
  type ProfileName,
  type Score,
  type ScoreSummary,
  summarizeScore,
} from '../music/index.ts';

export type ScoreTask =
  | { kind: 'summary' }
  | { kind: 'info' }
  | { kind: 'key'; profile: ProfileName | 'vote' }
  | { kind: 'export'; format: ExportFormat; maxBytes: number };

export interface ScoreInfo extends ScoreSummary {
  title: string;
  composer: string;
  quarters: number;
  instruments: { id: string; name: string; notes: number }[];
}

export interface TaskResults {
  summary: ScoreSummary;
  info: ScoreInfo;
  key: KeyAnalysis;
  export: Uint8Array;
}
export type ResultOf<Task extends ScoreTask> = TaskResults[Task['kind']];

export async function runTask<Task extends ScoreTask>(score: Score, task: Task): Promise<ResultOf<Task>> {
  return (await answer(score, task)) as ResultOf<Task>;
}

function answer(score: Score, task: ScoreTask): TaskResults[keyof TaskResults] | Promise<Uint8Array> {
  switch (task.kind) {
    case 'summary':
      return summarizeScore(score);
    case 'info':
      return describeScore(score);
    case 'key':
      return analyzeKey(score, task.profile);
    case 'export':
      return collect(exportScore(score, task.format), task.maxBytes);
    default:
      return task satisfies never;
  }
}

function describeScore(score: Score): ScoreInfo {
  const last = score.measures.at(-1);
  return {
    ...summarizeScore(score),
    title: score.title,
    composer: score.composer,
    quarters: last ? (last.start + last.length) / score.ticksPerQuarter : 0,
    instruments: score.parts.map(({ id, name, from, to }) => ({ id, name, notes: to - from })),
  };
}

async function collect(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > maxBytes) {
      throw new EncoreError('TOO_LARGE', `an export is limited to ${maxBytes} bytes`, { status: 413, definite: true });
    }
    kept.push(piece);
  }
  return Buffer.concat(kept);
}
