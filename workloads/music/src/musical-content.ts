/**
 * Extracts title and notes from a MusicXML document. The server may serialize a score differently,
 * but must not change its music.
 */

export interface MusicalContent {
  title: string;
  /** The sorted notes of each measure: pitch, and duration in quarter notes. */
  measures: string[];
}

const tokens =
  /<divisions>(\d+)<|(<measure\b)|<note>(?:<chord\/>)?<pitch><step>([A-G])<\/step>(?:<alter>(-?\d)<\/alter>)?<octave>(\d)<\/octave><\/pitch><duration>(\d+)</g;

export function musicalContentOf(xml: string): MusicalContent {
  const measures: string[][] = [];
  let divisions = 1;
  for (const [, newDivisions, measure, step, alter = '0', octave, duration] of xml.matchAll(tokens)) {
    if (newDivisions !== undefined) divisions = Number(newDivisions);
    else if (measure !== undefined) measures.push([]);
    else measures.at(-1)?.push(`${step}${alter},${octave}:${Number(duration) / divisions}`);
  }
  const title = /<work-title>([^<]*)</.exec(xml)?.[1] ?? '';
  return { title, measures: measures.map((notes) => notes.sort().join(' ')) };
}

/** Describes the first difference; null if there is none. */
export function musicalDifference(expected: MusicalContent, actual: MusicalContent): string | null {
  if (expected.title !== actual.title) return `"${actual.title}" instead of "${expected.title}"`;
  if (expected.measures.length !== actual.measures.length)
    return `${actual.measures.length} measures instead of ${expected.measures.length}`;
  const at = expected.measures.findIndex((notes, i) => notes !== actual.measures[i]);
  return at < 0 ? null : `different notes in measure ${at + 1}`;
}
