/** Runs a task on a parsed score: small scores in the server, large ones in a worker process. */
import type { ScoreOutline } from '@encore/contracts';
import { EncoreError } from '@encore/kit/encore-error';
import { exactSize } from '@encore/kit/exact-size';
import type { Score } from '@encore/music';
import {
  analyzeKey,
  exportScore,
  outlineScore,
  parseInterval,
  runAnalysis,
  summarizeScore,
  transposeScore,
} from '@encore/music/tasks';
import type { ResultOf, ScoreTask, TaskResult } from './score-task.ts';

export async function runTask<Task extends ScoreTask>(score: Score, task: Task): Promise<ResultOf<Task>> {
  return (await dispatch(score, task)) as ResultOf<Task>;
}

function dispatch(score: Score, task: ScoreTask): TaskResult | Promise<Uint8Array> {
  switch (task.kind) {
    case 'summary':
      return summarizeScore(score);
    case 'outline':
      return shortOutline(score);
    case 'key':
      return analyzeKey(score, task.profile);
    case 'export':
      return collect(exportScore(score, task.format), task.maxBytes);
    case 'transpose':
      return collect(exportScore(transposeScore(score, parseInterval(task.interval)), 'musicxml'), task.maxBytes);
    default:
      return runAnalysis(score, task);
  }
}

/** A long piece may change signature or tempo in every measure. */
const maxChanges = 100;

function shortOutline(score: Score): ScoreOutline {
  const outline = outlineScore(score);
  return {
    ...outline,
    key_signatures: outline.key_signatures.slice(0, maxChanges),
    time_signatures: outline.time_signatures.slice(0, maxChanges),
    tempos: outline.tempos.slice(0, maxChanges),
  };
}

async function collect(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > maxBytes) {
      throw new EncoreError('TOO_LARGE', `the result is limited to ${exactSize(maxBytes)}`);
    }
    kept.push(piece);
  }
  return Buffer.concat(kept);
}
