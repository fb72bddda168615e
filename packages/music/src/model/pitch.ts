/**
 * Spelled pitch on the line of fifths: ... Bb F C G D A E B F# ... with C at 0. A position on the
 * line is a spelling, so C sharp (7) and D flat (-5) differ; twelve positions further is the same
 * piano key.
 */

const stepNames = 'CDEFGAB';
const stepFifths = [0, 2, 4, -1, 1, 3, 5];
const stepSemitones = [0, 2, 4, 5, 7, 9, 11];

export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** 0 for C to 6 for B; -1 for other text. */
export function stepOfName(name: string): number {
  return name.length === 1 ? stepNames.indexOf(name) : -1;
}

export function nameOfStep(step: number): string {
  return stepNames.charAt(step);
}

/** A quarter tone is spelled as the nearest semitone. */
export function fifthsOfPitch(step: number, alterCents: number): number {
  return (stepFifths[step] ?? 0) + 7 * Math.round(alterCents / 100);
}

export function midiOfPitch(step: number, alterCents: number, octave: number): number {
  return 12 * (octave + 1) + (stepSemitones[step] ?? 0) + Math.round(alterCents / 100);
}

export function stepOfFifths(fifths: number): number {
  return modulo(4 * fifths, 7);
}

/** In semitones: 1 for a sharp. */
export function alterOfFifths(fifths: number): number {
  return Math.floor((fifths + 1) / 7);
}

export function pitchClassOfFifths(fifths: number): number {
  return modulo(7 * fifths, 12);
}

/** The octave in which a spelling has this MIDI number: Cb4 and B3 are both MIDI 59. */
export function octaveOfSpelling(fifths: number, midi: number): number {
  const natural = stepSemitones[stepOfFifths(fifths)] ?? 0;
  return (midi - alterOfFifths(fifths) - natural) / 12 - 1;
}

/** "C", "F#", "Bb", "Ebb". */
export function nameOfFifths(fifths: number): string {
  const alter = alterOfFifths(fifths);
  return nameOfStep(stepOfFifths(fifths)) + (alter < 0 ? 'b'.repeat(-alter) : '#'.repeat(alter));
}

export function nameOfPitch(fifths: number, midi: number): string {
  return `${nameOfFifths(fifths)}${octaveOfSpelling(fifths, midi)}`;
}

/**
 * How far an interval moves a pitch on the line of fifths: a fifth up (4 steps, 7 semitones) moves
 * it by 1.
 */
export function fifthsOfInterval(diatonic: number, chromatic: number): number {
  return 7 * chromatic - 12 * diatonic;
}

/** The spelling of a pitch class among the twelve positions that begin at `lowest`. */
export function spellPitchClass(pitchClass: number, lowest: number): number {
  return lowest + modulo(7 * pitchClass - lowest, 12);
}
