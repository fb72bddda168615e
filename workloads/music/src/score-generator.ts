/**
 * Generates MusicXML scores with known properties: key, chord plan and a planted pattern. A recipe
 * always gives the same bytes, so the generator stores only the recipe and the SHA-256 of a score.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Random } from '@encore/kit/random';
import { type MusicalKey, musicalKeys, type Pitch, pitchOfDegree } from './musical-key.ts';

export interface ScoreRecipe {
  seed: string;
  /** Approximate size; the exact size is `KnownScore.bytes`. */
  targetBytes: number;
}

export interface KnownScore {
  recipe: ScoreRecipe;
  bytes: number;
  sha256: string;
  /** For example "Eb major". */
  key: string;
  measures: number;
  notes: number;
  /** Occurrences of the planted pattern (degrees 1 2 3 5 4 3 2 1 in eighths): one per phrase. */
  patterns: number;
}

type Chord = 'I' | 'IV' | 'V';
interface Measure {
  chord: Chord;
  xml: string;
  notes: number;
}

/** Maximum size of a chunk. */
export const chunkBytes = 32 * 1024;
/** Maximum size of the markup around a measure and after the last one. */
const maxFrameBytes = 512;
const measuresPerPhrase = 4;
/** Each phrase starts and ends on the tonic, which makes the key unambiguous. */
const phrases: readonly (readonly Chord[])[] = [
  ['I', 'IV', 'V', 'I'],
  ['I', 'I', 'V', 'I'],
  ['I', 'V', 'I', 'I'],
];
const chordDegrees: Record<Chord, readonly number[]> = { I: [1, 3, 5], IV: [4, 6, 8], V: [5, 7, 9] };
/**
 * Quarter notes as indexes into the chord's degrees, so that none resembles the planted eighths.
 */
const melodies = [
  [0, 1, 2, 1],
  [2, 1, 0, 1],
  [0, 2, 1, 0],
] as const;
const patternDegrees = [1, 2, 3, 5, 4, 3, 2, 1] as const;
const measureEnd = '</measure>\n';
/** After a chunk larger than this, generation yields to the event loop. */
const yieldBytes = 16 * 1024;
const footer = '</part></score-partwise>\n';

/** `newChunk` may return the same buffer again if the caller finished with the previous chunk. */
export function* scoreChunks(
  recipe: ScoreRecipe,
  newChunk: () => Buffer = () => Buffer.allocUnsafe(chunkBytes),
): Generator<Buffer> {
  const key = keyOf(recipe);
  // Written directly into the chunk, so that a hundred concurrent uploads create no garbage.
  let chunk: Buffer = newChunk();
  let used = chunk.write(header(recipe), 'latin1');
  let number = 0;
  for (const { xml } of planMeasures(recipe)) {
    number += 1;
    if (used + xml.length + maxFrameBytes > chunkBytes) {
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

/** Generates the score once to compute its hash, yielding to the event loop between chunks. */
export async function describeScore(recipe: ScoreRecipe): Promise<KnownScore> {
  const hash = createHash('sha256');
  let bytes = 0;
  const scratch = Buffer.allocUnsafe(chunkBytes);
  for (const chunk of scoreChunks(recipe, () => scratch)) {
    hash.update(chunk);
    bytes += chunk.length;
    if (chunk.length > yieldBytes) await nextTurn();
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

/** Returns the whole document; for small scores. */
export function scoreText(recipe: ScoreRecipe): string {
  return Buffer.concat([...scoreChunks(recipe)]).toString('latin1');
}

/** Yields the chord of each measure. */
export function* chordPlan(recipe: ScoreRecipe): Generator<Chord> {
  for (const { chord } of planMeasures(recipe)) yield chord;
}

function keyOf(recipe: ScoreRecipe): MusicalKey {
  return new Random(recipe.seed).fork('key').pick(musicalKeys);
}

/**
 * Yields whole phrases up to the target size, each with the planted pattern in its first measure.
 */
function* planMeasures(recipe: ScoreRecipe): Generator<Measure> {
  const measures = measuresOf(keyOf(recipe));
  const random = new Random(recipe.seed).fork('measures');
  let remaining = recipe.targetBytes - header(recipe).length - footer.length;
  do {
    let isFirst = true;
    for (const chord of random.pick(phrases)) {
      const { pattern, melodies } = measures[chord];
      const measure = isFirst ? pattern : random.pick(melodies);
      isFirst = false;
      remaining -= measure.xml.length + 36;
      yield measure;
    }
  } while (remaining > 0);
}

/** The few distinct measures of each key, rendered once: a 50 MB score repeats them. */
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

/** Renders the planted pattern if `melody` is null. */
function renderMeasure(key: MusicalKey, chord: Chord, melody: readonly number[] | null): Measure {
  const degrees = chordDegrees[chord];
  const leading = chord === 'V';
  const pitch = (degree: number, octave: number) => pitchOfDegree(key, degree, octave, leading);
  // Doubling the root in the bass gives the tonic more weight, which makes the key clearer.
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

/** Returns the title, which is unique per score. */
export function titleOf({ seed }: ScoreRecipe): string {
  return `Encore ${seed}`;
}

function header(recipe: ScoreRecipe): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0"><work><work-title>${titleOf(recipe)}</work-title></work><part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list><part id="P1">\n`;
}

function attributesOf(key: MusicalKey): string {
  return `<attributes><divisions>2</divisions><key><fifths>${key.signature}</fifths><mode>${key.mode}</mode></key><time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>\n`;
}
