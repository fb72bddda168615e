/** All tools, in the order in which a client sees them. A new tool is one file and one line here. */
import { deleteScore } from './delete-score.ts';
import { exportScore } from './export-score.ts';
import { importScore } from './import-score.ts';
import { keyAnalysis } from './key-analysis.ts';
import type { Tool } from './tool.ts';

export const tools: readonly Tool[] = [importScore, keyAnalysis, exportScore, deleteScore];
