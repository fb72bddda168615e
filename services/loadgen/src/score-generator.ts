/**
 * Scores whose answers are known before they are asked for: MusicXML made as a stream from a seed, with a known key, a known
 * chord plan and a planted pattern. The same recipe gives the same bytes, so a score is kept as its recipe and its SHA-256.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Random } from '@encore/kit';
import { type MusicalKey, musicalKeys, type Pitch, pitchOfDegree } from './musical-key.ts';

export interface ScoreRecipe {
  seed: string;
  /** About how large the document shall be; the exact size is `KnownScore.bytes`. */
  targetBytes: number;
}

export interface KnownScore {
  recipe: ScoreRecipe;
  bytes: number;
  sha256: string;
  /** "Eb major". */
  key: string;
  measures: number;
  notes: number;
  /** How often the planted pattern (degrees 1 2 3 5 4 3 2 1 in eighths) occurs: once per phrase. */
  patterns: number;
}

type Chord = 'I' | 'IV' | 'V';
interface Measure {
  chord: Chord;
  xml: string;
  notes: number;
}

/** Of a chunk. */
export const chunkBytes = 32 * 1024;
/** Around a measure, and after the last one. */
const longestFrame = 512;
const measuresPerPhrase = 4;
/** Each phrase begins and ends on the tonic, which is what makes the key certain. */
const phrases: readonly (readonly Chord[])[] = [
  ['I', 'IV', 'V', 'I'],
  ['I', 'I', 'V', 'I'],
  ['I', 'V', 'I', 'I'],
];
const chordDegrees: Record<Chord, readonly number[]> = { I: [1, 3, 5], IV: [4, 6, 8], V: [5, 7, 9] };
/** Quarters over a chord, as indexes into its degrees. Another measure of the plan cannot look like the planted eighths. */
const melodies = [
  [0, 1, 2, 1],
  [2, 1, 0, 1],
  [0, 2, 1, 0],
] as const;
const patternDegrees = [1, 2, 3, 5, 4, 3, 2, 1] as const;
const measureEnd = '</measure>\n';
/** Whoever makes a score longer than this lets others have their turn. */
const turnBytes = 16 * 1024;
const footer = '</part></score-partwise>\n';

/** `newChunk` may give the same buffer again and again to a caller that is done with each before the next. */
export function* scoreChunks(
  recipe: ScoreRecipe,
  newChunk: () => Buffer = () => Buffer.allocUnsafe(chunkBytes),
): Generator<Buffer> {
  const key = keyOf(recipe);
  // Written straight into the chunk: a hundred uploads at once must not leave their text behind as garbage.
  let chunk: Buffer = newChunk();
  let used = chunk.write(header(recipe), 'latin1');
  let number = 0;
  for (const { xml } of planMeasures(recipe)) {
    number += 1;
    if (used + xml.length + longestFrame > chunkBytes) {
      yield chunk.subarray(0, used);
      chunk = newChunk();
      used = 0;
    }
    used += chunk.write(`<measure number="${number}">`, used, 'latin1');
    if (number === 1) used += chunk.write(attributesOf(key), used, 'latin1');
    used += chunk.write(xml, used, 'latin1');
    used += chunk.write(measureEnd, used, 'latin1');
  }
  used += chunk.write(footer, used, 'latin1');
  yield chunk.subarray(0, used);
}

/** Makes the score once to learn its hash, in turns with everything else that runs. */
export async function describeScore(recipe: ScoreRecipe): Promise<KnownScore> {
  const hash = createHash('sha256');
  let bytes = 0;
  const scratch = Buffer.allocUnsafe(chunkBytes);
  for (const chunk of scoreChunks(recipe, () => scratch)) {
    hash.update(chunk);
    bytes += chunk.length;
    if (chunk.length > turnBytes) await nextTurn();
  }
  let measures = 0;
  let notes = 0;
  for (const measure of planMeasures(recipe)) {
    measures += 1;
    notes += measure.notes;
  }
  const key = keyOf(recipe).name;
  return { recipe, bytes, sha256: hash.digest('hex'), key, measures, notes, patterns: measures / measuresPerPhrase };
}

/** The whole document, for small scores. */
export function scoreText(recipe: ScoreRecipe): string {
  return Buffer.concat([...scoreChunks(recipe)]).toString('latin1');
}

/** The chord of each measure. */
export function* chordPlan(recipe: ScoreRecipe): Generator<Chord> {
  for (const { chord } of planMeasures(recipe)) yield chord;
}

function keyOf(recipe: ScoreRecipe): MusicalKey {
  return new Random(recipe.seed).fork('key').pick(musicalKeys);
}

/** Whole phrases until the target is reached, each with the planted pattern in its first measure. */
function* planMeasures(recipe: ScoreRecipe): Generator<Measure> {
  const measures = measuresOf(keyOf(recipe));
  const random = new Random(recipe.seed).fork('measures');
  let left = recipe.targetBytes - header(recipe).length - footer.length;
  do {
    let isFirst = true;
    for (const chord of random.pick(phrases)) {
      const { pattern, melodies } = measures[chord];
      const measure = isFirst ? pattern : random.pick(melodies);
      isFirst = false;
      left -= measure.xml.length + 36;
      yield measure;
    }
  } while (left > 0);
}

/** The few different measures of each key, made once: a 50 MB score is a walk through them. */
const measuresOfKeys = new Map<string, MeasuresOfKey>();
type MeasuresOfKey = Record<Chord, { pattern: Measure; melodies: readonly Measure[] }>;

function measuresOf(key: MusicalKey): MeasuresOfKey {
  let measures = measuresOfKeys.get(key.name);
  if (!measures) {
    const over = (chord: Chord) => ({
      pattern: renderMeasure(key, chord, null),
      melodies: melodies.map((melody) => renderMeasure(key, chord, melody)),
    });
    measures = { I: over('I'), IV: over('IV'), V: over('V') };
    measuresOfKeys.set(key.name, measures);
  }
  return measures;
}

/** `melody` null: the planted pattern. */
function renderMeasure(key: MusicalKey, chord: Chord, melody: readonly number[] | null): Measure {
  const degrees = chordDegrees[chord];
  const leading = chord === 'V';
  const pitch = (degree: number, octave: number) => pitchOfDegree(key, degree, octave, leading);
  // The root again in the bass: it weighs, and a tonic that weighs makes the key plain.
  const bass = noteXml(pitch(degrees[0] ?? 1, 2), 8, 'whole', 2, false);
  const block = [bass, ...degrees.map((degree) => noteXml(pitch(degree, 3), 8, 'whole', 2, true))];
  const upper =
    melody === null
      ? patternDegrees.map((degree) => noteXml(pitchOfDegree(key, degree, 4), 1, 'eighth', 1, false))
      : melody.map((i) => noteXml(pitch(degrees[i] ?? 1, 4), 2, 'quarter', 1, false));
  const xml = `${upper.join('')}<backup><duration>8</duration></backup>\n${block.join('')}`;
  return { chord, xml, notes: upper.length + block.length };
}

function noteXml({ step, alter, octave }: Pitch, duration: number, type: string, voice: number, chord: boolean) {
  const altered = alter === 0 ? '' : `<alter>${alter}</alter>`;
  return `<note>${chord ? '<chord/>' : ''}<pitch><step>${step}</step>${altered}<octave>${octave}</octave></pitch><duration>${duration}</duration><voice>${voice}</voice><type>${type}</type></note>\n`;
}

/** No two scores have the same. */
export function titleOf({ seed }: ScoreRecipe): string {
  return `Encore ${seed}`;
}

function header(recipe: ScoreRecipe): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0"><work><work-title>${titleOf(recipe)}</work-title></work><part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list><part id="P1">\n`;
}

function attributesOf(key: MusicalKey): string {
  return `<attributes><divisions>2</divisions><key><fifths>${key.signature}</fifths><mode>${key.mode}</mode></key><time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>\n`;
}
