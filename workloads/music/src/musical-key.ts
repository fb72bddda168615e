/** Keys of the generated scores. Pitches are positions on the line of fifths (C 0, G 1, F -1). */

export interface MusicalKey {
  /** In the server's notation, such as "Eb major" or "C# minor". */
  name: string;
  tonic: number;
  mode: 'major' | 'minor';
  /** Number of sharps (positive) or flats (negative). */
  signature: number;
}

export interface Pitch {
  step: string;
  alter: number;
  octave: number;
}

/** Degrees 1 to 7, in fifths above the tonic. */
const degreesOf = { major: [0, 2, 4, -1, 1, 3, 5], minor: [0, 2, -3, -1, 1, -4, -2] } as const;
const raisedSeventh = 5;
const letters = 'CDEFGAB';

/** Keys with at most four accidentals, each of which has one common name. */
export const musicalKeys: readonly MusicalKey[] = (['major', 'minor'] as const).flatMap((mode) =>
  Array.from({ length: 9 }, (_, i) => {
    const signature = i - 4;
    const tonic = mode === 'major' ? signature : signature + 3;
    return { name: `${nameOf(tonic)} ${mode}`, tonic, mode, signature };
  }),
);

/**
 * Returns the pitch of a degree (1 is the tonic, 8 the tonic an octave higher) with the tonic in
 * `octave`. `leading` raises degree 7 in minor.
 */
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
