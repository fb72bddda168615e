/** A key of the generated scores: how its degrees are spelled, by positions on the line of fifths (C is 0, G is 1, F is -1). */

export interface MusicalKey {
  /** As the server names it: "Eb major", "C# minor". */
  name: string;
  tonic: number;
  mode: 'major' | 'minor';
  /** Sharps (positive) or flats (negative) of its signature. */
  signature: number;
}

export interface Pitch {
  step: string;
  alter: number;
  octave: number;
}

/** Fifths above the tonic of the degrees 1 to 7. */
const degreesOf = { major: [0, 2, 4, -1, 1, 3, 5], minor: [0, 2, -3, -1, 1, -4, -2] } as const;
const raisedSeventh = 5;
const letters = 'CDEFGAB';

/** Keys of at most four accidentals: each has one common spelling, so a right answer has one name. */
export const musicalKeys: readonly MusicalKey[] = (['major', 'minor'] as const).flatMap((mode) =>
  Array.from({ length: 9 }, (_, i) => {
    const signature = i - 4;
    const tonic = mode === 'major' ? signature : signature + 3;
    return { name: `${nameOf(tonic)} ${mode}`, tonic, mode, signature };
  }),
);

/** The pitch of a degree (1 is the tonic, 8 the tonic an octave above), the tonic being in `octave`. `leading`: 7 is raised in minor. */
export function pitchOfDegree(key: MusicalKey, degree: number, octave: number, leading = false): Pitch {
  const index = (degree - 1) % 7;
  const raised = leading && key.mode === 'minor' && index === 6;
  const fifths = key.tonic + (raised ? raisedSeventh : (degreesOf[key.mode][index] ?? 0));
  const stepsUp = letters.indexOf(letterOf(key.tonic)) + degree - 1;
  return { step: letterOf(fifths), alter: alterOf(fifths), octave: octave + Math.floor(stepsUp / 7) };
}

function letterOf(fifths: number): string {
  return 'FCGDAEB'[(((fifths + 1) % 7) + 7) % 7] ?? 'C';
}

function alterOf(fifths: number): number {
  return Math.floor((fifths + 1) / 7);
}

function nameOf(fifths: number): string {
  const alter = alterOf(fifths);
  return letterOf(fifths) + (alter > 0 ? '#' : 'b').repeat(Math.abs(alter));
}
