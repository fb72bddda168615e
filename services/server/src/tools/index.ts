/** All tools, in the order in which clients see them. A new tool is one file and one line here. */
import { chordAnalysis } from './chord-analysis.ts';
import { cleanupMemory } from './cleanup-memory.ts';
import { deleteScore } from './delete-score.ts';
import { exportScore } from './export-score.ts';
import { harmonyAnalysis } from './harmony-analysis.ts';
import { healthCheck } from './health-check.ts';
import { importScore } from './import-score.ts';
import { keyAnalysis } from './key-analysis.ts';
import { listScores } from './list-scores.ts';
import { patternRecognition } from './pattern-recognition.ts';
import { scoreInfo } from './score-info.ts';
import type { Tool } from './tool.ts';
import { transpose } from './transpose.ts';
import { voiceLeading } from './voice-leading.ts';

export const tools: readonly Tool[] = [
  importScore,
  listScores,
  scoreInfo,
  keyAnalysis,
  chordAnalysis,
  harmonyAnalysis,
  voiceLeading,
  patternRecognition,
  transpose,
  exportScore,
  deleteScore,
  healthCheck,
  cleanupMemory,
];
