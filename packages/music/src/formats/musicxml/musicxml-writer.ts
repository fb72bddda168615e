/**
 * Writes a score as MusicXML 4.0 partwise. Voices are written one after the other: a gap between
 * notes becomes a rest in the first voice and a `forward` in the others, and `backup` returns to
 * the beginning of the next voice.
 */

import { type NoteColumns, PITCHED, TIE_START, TIE_STOP, UNPITCHED } from '../../model/note-columns.ts';
import { nameOfStep } from '../../model/pitch.ts';
import type {
  Clef,
  JumpMark,
  KeySignature,
  Measure,
  Part,
  Score,
  TimeSignature,
  Transposition,
} from '../../model/score.ts';
import { notatedDuration } from './notated-duration.ts';

export function* writeMusicxml(score: Score): Generator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n';
  yield '<score-partwise version="4.0">\n';
  if (score.title !== '') yield `<work><work-title>${escapeXml(score.title)}</work-title></work>\n`;
  const composer = `<creator type="composer">${escapeXml(score.composer)}</creator>`;
  yield `<identification>${score.composer === '' ? '' : composer}<encoding><software>Encore</software></encoding></identification>\n`;
  yield '<part-list>\n';
  for (const part of score.parts) yield partListEntry(score, part);
  yield '</part-list>\n';
  for (const [index, part] of score.parts.entries()) {
    yield `<part id="${escapeXml(part.id)}">\n`;
    yield* new PartWriter(score, part, index === 0).measures();
    yield '</part>\n';
  }
  yield '</score-partwise>\n';
}

function partListEntry({ notes }: Score, part: Part): string {
  const keys = new Set<number>();
  for (let row = part.from; row < part.to; row++) {
    if (notes.kind[row] === UNPITCHED && notes.midi[row] !== 0) keys.add(notes.midi[row] ?? 0);
  }
  const id = escapeXml(part.id);
  const sorted = [...keys].sort((a, b) => a - b);
  const instruments = sorted.map((key) => `<score-instrument id="${id}-K${key}"><instrument-name/></score-instrument>`);
  const sounds = sorted.map(
    (key) => `<midi-instrument id="${id}-K${key}"><midi-unpitched>${key + 1}</midi-unpitched></midi-instrument>`,
  );
  if (part.program !== null || part.channel !== null) {
    instruments.unshift(`<score-instrument id="${id}-I1"><instrument-name/></score-instrument>`);
    const channel = part.channel === null ? '' : `<midi-channel>${part.channel + 1}</midi-channel>`;
    const program = part.program === null ? '' : `<midi-program>${part.program + 1}</midi-program>`;
    sounds.unshift(`<midi-instrument id="${id}-I1">${channel}${program}</midi-instrument>`);
  }
  const name = `<part-name>${escapeXml(part.name)}</part-name>`;
  return `<score-part id="${id}">${name}${instruments.join('')}${sounds.join('')}</score-part>\n`;
}

/**
 * Escapes text or an attribute value. White space that parsers normalize becomes character
 * references.
 */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Writes the measures of one part in order, in one pass over its changes and notes. */
class PartWriter {
  readonly #score: Score;
  readonly #part: Part;
  readonly #first: boolean;
  #row: number;
  #cursor = 0;

  constructor(score: Score, part: Part, first: boolean) {
    this.#score = score;
    this.#part = part;
    this.#first = first;
    this.#row = part.from;
  }

  *measures(): Generator<string> {
    const { measures, notes } = this.#score;
    const changes = this.#changesByMeasure();
    for (const [index, measure] of measures.entries()) {
      const implicit = measure.implicit ? ' implicit="yes"' : '';
      yield `<measure number="${escapeXml(measure.label)}"${implicit}>\n`;
      this.#cursor = measure.start;
      const before = measures[index - 1];
      const after = measures[index + 1];
      yield writeLeftBarline(measure, before);
      if (this.#first) yield* writeMarks(measure.marks, ['segno', 'coda']);
      yield* this.#changes(changes.get(index) ?? [], index === 0, measure.start);
      const from = this.#row;
      while (this.#row < this.#part.to && notes.measure[this.#row] === index) this.#row++;
      yield* this.#voices(from, this.#row, measure);
      if (this.#first) yield* writeMarks(measure.marks, ['fine', 'to coda', 'da capo', 'dal segno']);
      yield `${writeRightBarline(measure, after)}</measure>\n`;
    }
  }

  /** A change on a barline belongs to the measure that begins there. */
  #changesByMeasure(): Map<number, [number, string, string][]> {
    const { measures, tempos } = this.#score;
    const { keys, times, clefs, transposes } = this.#part;
    const all: [number, string, string][] = [
      ...keys.map((key): [number, string, string] => [key.tick, 'a', writeKey(key)]),
      ...times.map((time): [number, string, string] => [time.tick, 'b', writeTime(time)]),
      ...clefs.map((clef): [number, string, string] => [clef.tick, 'd', writeClef(clef)]),
      ...transposes.map((change): [number, string, string] => [change.tick, 'e', writeTranspose(change)]),
    ];
    if (this.#first) {
      for (const { tick, quartersPerMinute } of tempos) all.push([tick, '', `<sound tempo="${quartersPerMinute}"/>\n`]);
    }
    all.sort((a, b) => a[0] - b[0]);
    const byMeasure = new Map<number, [number, string, string][]>();
    let index = 0;
    for (const change of all) {
      while (index + 1 < measures.length && (measures[index + 1]?.start ?? 0) <= change[0]) index++;
      const list = byMeasure.get(index);
      if (list) list.push(change);
      else byMeasure.set(index, [change]);
    }
    return byMeasure;
  }

  *#changes(changes: [number, string, string][], first: boolean, start: number): Generator<string> {
    const ticks = new Set(changes.map(([tick]) => tick));
    if (first) ticks.add(start);
    for (const tick of [...ticks].sort((a, b) => a - b)) {
      yield this.#moveTo(tick);
      const here = changes.filter((change) => change[0] === tick);
      const attributes = here.filter(([, kind]) => kind !== '');
      if (first && tick === start) {
        attributes.push([tick, '0', `<divisions>${this.#score.ticksPerQuarter}</divisions>`]);
        if (this.#part.staves > 1) attributes.push([tick, 'c', `<staves>${this.#part.staves}</staves>`]);
      }
      attributes.sort((a, b) => a[1].localeCompare(b[1]));
      if (attributes.length > 0) yield `<attributes>${attributes.map(([, , xml]) => xml).join('')}</attributes>\n`;
      for (const [, kind, xml] of here) if (kind === '') yield xml;
    }
  }

  *#voices(from: number, to: number, measure: Measure): Generator<string> {
    const { notes } = this.#score;
    const end = measure.start + measure.length;
    const rowsByVoice = new Map<number, number[]>();
    for (let row = from; row < to; row++) {
      const voice = notes.voice[row] ?? 1;
      const rows = rowsByVoice.get(voice);
      if (rows) rows.push(row);
      else rowsByVoice.set(voice, [row]);
    }
    const [firstVoice = 1, ...others] = [...rowsByVoice.keys()].sort((a, b) => a - b);
    yield this.#moveTo(measure.start);
    for (const voice of [firstVoice, ...others]) {
      yield* this.#voice(rowsByVoice.get(voice) ?? [], voice, measure.start, voice === firstVoice);
      if (voice === firstVoice && this.#cursor < end) yield this.#rest(end, voice, measure);
    }
  }

  *#voice(rows: readonly number[], voice: number, start: number, withRests: boolean): Generator<string> {
    const { notes } = this.#score;
    if (this.#cursor > start) yield this.#moveTo(start);
    let previous = -1;
    for (const row of inChords(notes, rows)) {
      const onset = notes.onset[row] ?? 0;
      const chord = previous >= 0 && orderInChords(notes, previous, row) === 0;
      if (!chord && onset !== this.#cursor) {
        yield withRests && onset > this.#cursor ? this.#rest(onset, voice) : this.#moveTo(onset);
      }
      yield this.#note(row, chord);
      if (!chord) this.#cursor = onset + (notes.duration[row] ?? 0);
      previous = row;
    }
  }

  #moveTo(tick: number): string {
    const distance = tick - this.#cursor;
    this.#cursor = tick;
    if (distance === 0) return '';
    const name = distance > 0 ? 'forward' : 'backup';
    return `<${name}><duration>${Math.abs(distance)}</duration></${name}>\n`;
  }

  #rest(until: number, voice: number, whole?: Measure): string {
    const duration = until - this.#cursor;
    const rest = whole !== undefined && duration === whole.length ? '<rest measure="yes"/>' : '<rest/>';
    this.#cursor = until;
    const type =
      whole !== undefined && duration === whole.length ? '' : notatedDuration(duration, this.#score.ticksPerQuarter);
    return `<note>${rest}<duration>${duration}</duration><voice>${voice}</voice>${type}</note>\n`;
  }

  #note(row: number, chord: boolean): string {
    const { notes, ticksPerQuarter } = this.#score;
    const duration = notes.duration[row] ?? 0;
    const grace = (notes.grace[row] ?? 0) > 0;
    const tie = notes.tie[row] ?? 0;
    const [stop, start] = [(tie & TIE_STOP) !== 0, (tie & TIE_START) !== 0];
    const ties = `${stop ? '<tie type="stop"/>' : ''}${start ? '<tie type="start"/>' : ''}`;
    const head = `${grace ? '<grace/>' : ''}${chord ? '<chord/>' : ''}${this.#pitch(row)}`;
    const length = grace ? '' : `<duration>${duration}</duration>`;
    const key = notes.kind[row] === UNPITCHED ? (notes.midi[row] ?? 0) : 0;
    const instrument = key === 0 ? '' : `<instrument id="${escapeXml(this.#part.id)}-K${key}"/>`;
    const type = grace ? '<type>eighth</type>' : notatedDuration(duration, ticksPerQuarter);
    const staff = notes.staff[row] ?? 1;
    const place = `${staff === 1 && this.#part.staves === 1 ? '' : `<staff>${staff}</staff>`}`;
    const tied = tie === 0 ? '' : `<notations>${ties.replaceAll('<tie ', '<tied ')}</notations>`;
    return `<note>${head}${length}${ties}${instrument}<voice>${notes.voice[row]}</voice>${type}${place}${tied}</note>\n`;
  }

  #pitch(row: number): string {
    const { notes } = this.#score;
    const step = nameOfStep(notes.step[row] ?? 0);
    const octave = notes.octave[row];
    if (notes.kind[row] !== PITCHED) {
      return `<unpitched><display-step>${step}</display-step><display-octave>${octave}</display-octave></unpitched>`;
    }
    const alterCents = notes.alterCents[row] ?? 0;
    const alter = alterCents === 0 ? '' : `<alter>${alterCents / 100}</alter>`;
    return `<pitch><step>${step}</step>${alter}<octave>${octave}</octave></pitch>`;
  }
}

/** Rows of one voice with the notes of each chord together, whose members have the same length. */
function inChords(notes: NoteColumns, rows: readonly number[]): number[] {
  return rows.toSorted((a, b) => orderInChords(notes, a, b));
}

/** 0 for two members of a chord. Grace notes come before their main note, short before long. */
function orderInChords({ onset, grace, duration }: NoteColumns, a: number, b: number): number {
  const by = (column: ArrayLike<number>) => (column[a] ?? 0) - (column[b] ?? 0);
  const isMain = (row: number) => Number(grace[row] === 0);
  return by(onset) || isMain(a) - isMain(b) || by(grace) || by(duration);
}

/**
 * The bracket of an ending spans adjacent measures that are played in the same passes, up to a
 * repeat.
 */
function isSameEnding(left: Measure | undefined, right: Measure | undefined): boolean {
  return left?.repeatTimes === 0 && left.endings.join() === right?.endings.join();
}

function writeLeftBarline(measure: Measure, before: Measure | undefined): string {
  const begins = measure.endings.length > 0 && !isSameEnding(before, measure);
  const ending = begins ? `<ending number="${measure.endings.join(', ')}" type="start"/>` : '';
  const repeat = measure.repeatStart ? '<repeat direction="forward"/>' : '';
  return ending + repeat === '' ? '' : `<barline location="left">${ending}${repeat}</barline>\n`;
}

function writeRightBarline(measure: Measure, after: Measure | undefined): string {
  const { repeatTimes, endings } = measure;
  const ends = endings.length > 0 && !isSameEnding(measure, after);
  const type = repeatTimes > 0 ? 'stop' : 'discontinue';
  const ending = ends ? `<ending number="${endings.join(', ')}" type="${type}"/>` : '';
  const times = repeatTimes > 2 ? ` times="${repeatTimes}"` : '';
  const repeat = repeatTimes > 0 ? `<repeat direction="backward"${times}/>` : '';
  return ending + repeat === '' ? '' : `<barline location="right">${ending}${repeat}</barline>\n`;
}

const directions: Readonly<Record<JumpMark, [type: string, sound: string]>> = {
  segno: ['<segno/>', 'segno="segno"'],
  coda: ['<coda/>', 'coda="coda"'],
  fine: ['<words>Fine</words>', 'fine="yes"'],
  'to coda': ['<words>To Coda</words>', 'tocoda="coda"'],
  'da capo': ['<words>D.C.</words>', 'dacapo="yes"'],
  'dal segno': ['<words>D.S.</words>', 'dalsegno="segno"'],
};

function* writeMarks(marks: readonly JumpMark[], wanted: readonly JumpMark[]): Generator<string> {
  for (const [type, sound] of marks.filter((one) => wanted.includes(one)).map((one) => directions[one])) {
    yield `<direction><direction-type>${type}</direction-type><sound ${sound}/></direction>\n`;
  }
}

function staffNumber(staff: number): string {
  return staff === 0 ? '' : ` number="${staff}"`;
}

function writeKey({ staff, fifths, mode, alterations }: KeySignature): string {
  const content =
    fifths === null
      ? alterations
          .map(
            ({ step, alterCents }) =>
              `<key-step>${nameOfStep(step)}</key-step><key-alter>${alterCents / 100}</key-alter>`,
          )
          .join('')
      : `<fifths>${fifths}</fifths>`;
  return `<key${staffNumber(staff)}>${content}${mode === null ? '' : `<mode>${mode}</mode>`}</key>`;
}

function writeTime({ staff, groups }: TimeSignature): string {
  const content = groups
    .map(({ beats, beatType }) => `<beats>${beats}</beats><beat-type>${beatType}</beat-type>`)
    .join('');
  return `<time${staffNumber(staff)}>${content === '' ? '<senza-misura/>' : content}</time>`;
}

function writeClef({ staff, sign, line, octaveChange }: Clef): string {
  const lineXml = line === null ? '' : `<line>${line}</line>`;
  const octave = octaveChange === 0 ? '' : `<clef-octave-change>${octaveChange}</clef-octave-change>`;
  return `<clef${staffNumber(staff)}><sign>${sign}</sign>${lineXml}${octave}</clef>`;
}

function writeTranspose({ staff, diatonic, chromatic, octaveChange }: Transposition): string {
  const octave = octaveChange === 0 ? '' : `<octave-change>${octaveChange}</octave-change>`;
  return `<transpose${staffNumber(staff)}><diatonic>${diatonic}</diatonic><chromatic>${chromatic}</chromatic>${octave}</transpose>`;
}
