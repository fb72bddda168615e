/**
 * Barlines of MusicXML: repeats and endings. They apply to the whole piece, whatever part they are
 * in. Programs differ in whether they write them in each part, and in which ends of an ending
 * they mark.
 */
import { cellOf, type ElementNode, element, hint, type MusicxmlState, mark, partOf, warn } from './musicxml-state.ts';

const maxPasses = 100;
const maxNumbers = 16;

const barline: ElementNode = element(
  {
    ending: mark((state, { type = '', number = '' }) => {
      const { measure } = cellOf(state);
      if (type === 'start') {
        closeEnding(state, measure - 1);
        state.endings.set(partOf(state), { from: measure, numbers: passesOf(number) });
      } else {
        if (!state.endings.has(partOf(state))) {
          state.endings.set(partOf(state), { from: measure, numbers: passesOf(number) });
        }
        closeEnding(state, measure);
      }
    }),
    repeat: mark((state, { direction = '', times, 'after-jump': afterJump }) => {
      const { measure } = cellOf(state);
      if (afterJump === 'yes') warn(state, 'a repeat is not played again after a jump');
      if (state.barline === 'middle') {
        warn(state, 'a repeat inside the measure is ignored: only those at its barlines are kept');
      } else if (direction === 'forward') {
        state.builder.startRepeat(state.barline === 'left' ? measure : measure + 1);
      } else if (direction === 'backward') {
        const end = state.barline === 'left' ? measure - 1 : measure;
        closeEnding(state, end);
        state.builder.endRepeat(end, (times === undefined ? null : hint(state, times, 'times', 2, maxPasses)) ?? 2);
      }
    }),
  },
  {
    open: (state, attributes) => {
      const { cursor, extent } = cellOf(state);
      // The default is `right`, but a barline before all music of the measure is the left one.
      const assumed = cursor === 0 && extent === 0 ? 'left' : 'right';
      state.barline = attributes['location'] ?? assumed;
    },
  },
);

export const barlineElements = { barline };

/** Closes the open bracket of the current part after the measure `to`. */
function closeEnding(state: MusicxmlState, to: number): void {
  const part = partOf(state);
  const open = state.endings.get(part);
  if (!open) return;
  state.endings.delete(part);
  state.builder.setEndings(open.from, to, open.numbers);
}

/**
 * Unclosed brackets cover only the measure in which they begin; every pass plays the measures after
 * it.
 */
export function closeOpenEndings({ endings, builder }: MusicxmlState): void {
  for (const { from, numbers } of endings.values()) builder.setEndings(from, from, numbers);
}

/** Parses "1", "1, 2" and "1-3"; returns an empty list for other text. */
function passesOf(text: string): number[] {
  const passes = new Set<number>();
  for (const [, first = '', last = first] of text.slice(0, 200).matchAll(/(\d{1,3})(?:\s*-\s*(\d{1,3}))?/g)) {
    for (let pass = Number(first); pass <= Math.min(Number(last), maxPasses) && passes.size < maxNumbers; pass++) {
      if (pass > 0) passes.add(pass);
    }
  }
  return [...passes].sort((a, b) => a - b);
}
