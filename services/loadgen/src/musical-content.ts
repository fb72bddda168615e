/**
 * What a MusicXML document says as music, whoever wrote it: its title and the notes of each measure. The server may write a score
 * in other words than it was given; it must not say anything else.
 */

export interface MusicalContent {
  title: string;
  /** Each measure's notes, sorted: pitch and duration in quarters. */
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

/** The first difference in words, null when both say the same. */
export function musicalDifference(due: MusicalContent, got: MusicalContent): string | null {
  if (due.title !== got.title) return `"${got.title}" instead of "${due.title}"`;
  if (due.measures.length !== got.measures.length)
    return `${got.measures.length} measures instead of ${due.measures.length}`;
  const at = due.measures.findIndex((notes, i) => notes !== got.measures[i]);
  return at < 0 ? null : `other notes in measure ${at + 1}`;
}
