/**
 * Notates a duration as note type, dots and tuplet ratio; returns nothing if no single note has
 * that duration.
 */

const types = [
  'maxima',
  'long',
  'breve',
  'whole',
  'half',
  'quarter',
  'eighth',
  '16th',
  '32nd',
  '64th',
  '128th',
  '256th',
  '512th',
  '1024th',
];
export const maxDots = 4;

/** The duration of a note type without dots, in quarter notes; undefined for an unknown type. */
export function quartersOfType(type: string): number | undefined {
  const index = types.indexOf(type);
  return index < 0 ? undefined : 32 / 2 ** index;
}

const dots = [1, 1.5, 1.75, 1.875];
/** The number of actual notes in the time of normal ones. */
const tuplets: readonly [actual: number, normal: number][] = [
  [1, 1],
  [3, 2],
  [5, 4],
  [7, 4],
  [6, 4],
  [9, 8],
];

export function notatedDuration(duration: number, ticksPerQuarter: number): string {
  for (const [actual, normal] of tuplets) {
    for (let dotted = 0; dotted < dots.length; dotted++) {
      // In maximas, the duration of an undotted note is a negative power of two.
      const denominator = 32 * ticksPerQuarter * normal * (dots[dotted] ?? 1);
      const ratio = denominator / (duration * actual);
      const index = Math.log2(ratio);
      const type = Number.isInteger(index) && 2 ** index === ratio ? types[index] : undefined;
      if (type === undefined || (actual > 1 && dotted > 1)) continue;
      const time =
        actual === 1
          ? ''
          : `<time-modification><actual-notes>${actual}</actual-notes><normal-notes>${normal}</normal-notes></time-modification>`;
      return `<type>${type}</type>${'<dot/>'.repeat(dotted)}${time}`;
    }
  }
  return '';
}
