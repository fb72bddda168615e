/**
 * Runs an analysis that is described as data and returns one page of its result, so that a worker
 * process sends back only that page. The results are the outputs of the tools without the score's
 * id and version.
 */
import type { ChordSlice, KeyWindow, PatternKind } from '@encore/contracts';
import { EncoreError } from '@encore/kit/encore-error';
import { analyzeKey, findKeys, type KeyAnalysis } from '../keys/key-finder.ts';
import { type Key, nameOfKey, parseKey } from '../keys/key-name.ts';
import type { ProfileName } from '../keys/key-profiles.ts';
import type { Score } from '../model/score.ts';
import { analyzeChords } from './chord-analysis.ts';
import { analyzeHarmony, type HarmonyAnalysis } from './harmony-analysis.ts';
import { keyWindowsOf, type WindowSize } from './key-windows.ts';
import { type Page, pageOf } from './page.ts';
import { findPatterns } from './pattern-recognition.ts';
import { analyzeVoiceLeading, type VoiceLeading } from './voice-leading.ts';

interface Paging {
  total: number;
  next: number | null;
}

export type AnalysisTask =
  | ({ kind: 'key-windows'; profile: ProfileName | 'vote'; page: Page } & WindowSize)
  | { kind: 'chords'; key: string | null; page: Page }
  | { kind: 'harmony'; page: Page }
  | { kind: 'voice-leading'; page: Page }
  | { kind: 'patterns'; kinds: PatternKind[]; minLength: number; page: Page };

export interface AnalysisResults {
  'key-windows': KeyAnalysis & { windows: KeyWindow[] } & Paging;
  chords: { key: string | null; chords: ChordSlice[] } & Paging;
  harmony: HarmonyAnalysis & Paging;
  'voice-leading': VoiceLeading & Paging;
  patterns: { patterns: ReturnType<typeof findPatterns> } & Paging;
}

/** Regions and cadences are not paginated. A piece has few of them; a hostile one is truncated. */
const maxUnpaged = 1000;

export function runAnalysis(score: Score, task: AnalysisTask): AnalysisResults[AnalysisTask['kind']] {
  switch (task.kind) {
    case 'key-windows':
      return { ...analyzeKey(score, task.profile), ...keyWindowsOf(score, task.profile, task, task.page) };
    case 'chords': {
      const key = task.key === null ? homeKey(score) : keyNamed(task.key);
      const { items: chords, ...page } = pageOf(analyzeChords(score, key), task.page);
      return { key: key && nameOfKey(key), chords, ...page };
    }
    case 'harmony': {
      const { harmonies, regions, cadences, home_key } = analyzeHarmony(score);
      const { items, ...page } = pageOf(harmonies, task.page);
      const unpaged = { regions: regions.slice(0, maxUnpaged), cadences: cadences.slice(0, maxUnpaged) };
      return { home_key, ...unpaged, harmonies: items, ...page };
    }
    case 'voice-leading': {
      const analysis = analyzeVoiceLeading(score);
      const { items: events, ...page } = pageOf(analysis.events, task.page);
      return { ...analysis, events, ...page };
    }
    case 'patterns': {
      const { items: patterns, ...page } = pageOf(findPatterns(score, task.kinds, task.minLength), task.page);
      return { patterns, ...page };
    }
    default:
      return task satisfies never;
  }
}

function homeKey(score: Score): Key | null {
  const found = findKeys(score, 'vote');
  return typeof found === 'string' ? null : (found[0]?.key ?? null);
}

function keyNamed(text: string): Key {
  const key = parseKey(text);
  if (key) return key;
  throw new EncoreError('INVALID_INPUT', 'key must be like "Eb major" or "C# minor"');
}
