/**
 * Collects the elements of a score in file order; `finishScore` (score-assembly.ts) then sorts
 * them.
 *
 * A reader opens a cell (one measure of one part) and adds notes and changes to it. A cell has its
 * own time unit, `divisions` per quarter note, because files may change the unit anywhere. A length
 * that is not a multiple of the unit refines it.
 */
import { createNoteColumns, type NoteColumns, type NoteRow, resizeNoteColumns } from './note-columns.ts';
import { fractionOfDecimal, greatestCommonDivisor, leastCommonMultiple, sumError } from './rational.ts';
import { type JumpMark, jumpMarks, type Measure, type Part, type Tempo } from './score.ts';
import { malformed, maxWarnings, type ScoreLimits, tooLarge } from './score-limits.ts';

/** One measure of one part. */
export interface Cell {
  part: number;
  measure: number;
  /** Rows of this cell in the builder's columns. */
  from: number;
  to: number;
  divisions: number;
  /** Converts the file's unit to the unit of the cell. */
  multiplier: number;
  cursor: number;
  /** Onset of the last note, which the members of its chord share. */
  chordOnset: number;
  /** The end of the content. */
  extent: number;
}

export interface PartDraft extends Part {
  index: number;
  /** The file's unit is `unit / divisions` of a quarter note. `unit` is nearly always 1. */
  divisions: number;
  unit: number;
  cells: Cell[];
}

interface PendingChange {
  cell: Cell;
  offset: number;
  change: { tick: number };
}

const maxCells = 1_000_000;

export class ScoreBuilder {
  readonly limits: ScoreLimits;
  readonly parts: PartDraft[] = [];
  readonly measures: Measure[] = [];
  readonly tempos: Tempo[] = [];
  /**
   * Tempos of metronome marks, which apply if no playback tempo is written at the same tick.
   */
  readonly marks: Tempo[] = [];
  readonly #warnings = new Set<string>();
  readonly #repeatStarts = new Set<number>();
  readonly #marks = new Map<number, Set<JumpMark>>();
  #furtherWarnings = 0;
  readonly changes: PendingChange[] = [];
  readonly #partById = new Map<string, PartDraft>();
  title = '';
  composer = '';
  notes: NoteColumns = createNoteColumns(1024);
  ticksPerQuarter = 1;
  #cells = 0;

  constructor(limits: ScoreLimits) {
    this.limits = limits;
  }

  get warnings(): string[] {
    const more = this.#furtherWarnings === 0 ? [] : [`more warnings: ${this.#furtherWarnings}`];
    return [...this.#warnings, ...more];
  }

  warn(message: string): void {
    if (this.#warnings.size < maxWarnings) this.#warnings.add(message);
    else if (!this.#warnings.has(message)) this.#furtherWarnings++;
  }

  findPart(id: string): PartDraft | undefined {
    return this.#partById.get(id);
  }

  addPart(id: string): PartDraft {
    if (this.parts.length >= this.limits.maxParts) throw tooLarge('the number of parts', this.limits.maxParts);
    if (this.#partById.has(id)) throw malformed(`two parts have the id "${id}"`);
    const part: PartDraft = {
      id,
      name: '',
      program: null,
      channel: null,
      staves: 1,
      from: 0,
      to: 0,
      keys: [],
      times: [],
      clefs: [],
      transposes: [],
      index: this.parts.length,
      divisions: 1,
      unit: 1,
      cells: [],
    };
    this.parts.push(part);
    this.#partById.set(id, part);
    return part;
  }

  openCell(part: PartDraft, measure: number, label: string, implicit: boolean): Cell {
    const previous = part.cells.at(-1);
    if (previous && previous.measure >= measure) throw malformed(`part "${part.id}" has measure ${label} twice`);
    if (measure >= this.limits.maxMeasures) throw tooLarge('the number of measures', this.limits.maxMeasures);
    if (++this.#cells > maxCells) throw tooLarge('the number of measures in all parts together', maxCells);
    while (this.measures.length <= measure) {
      this.measures.push({
        label,
        implicit,
        start: 0,
        length: 0,
        pickup: false,
        repeatStart: false,
        repeatTimes: 0,
        endings: [],
        marks: [],
      });
    }
    const row = this.notes.count;
    const cell: Cell = {
      part: part.index,
      measure,
      from: row,
      to: row,
      divisions: part.divisions,
      multiplier: part.unit,
      cursor: 0,
      chordOnset: 0,
      extent: 0,
    };
    part.cells.push(cell);
    return cell;
  }

  /** The measure may not exist yet: a repeat may start at the barline before it. */
  startRepeat(measure: number): void {
    this.#repeatStarts.add(measure);
  }

  endRepeat(measure: number, times: number): void {
    const ends = this.measures[measure];
    if (ends) ends.repeatTimes = Math.max(ends.repeatTimes, times);
  }

  /**
   * Sets the passes of the measures `from` to `to` (inclusive). Brackets without numbers are
   * ignored.
   */
  setEndings(from: number, to: number, passes: readonly number[]): void {
    if (passes.length === 0) return;
    for (let index = from; index <= to; index++) {
      const measure = this.measures[index];
      if (measure) measure.endings = passes;
    }
  }

  /** The measure may not exist yet: a segno may stand at the barline before it. */
  addMark(measure: number, mark: JumpMark): void {
    const marks = this.#marks.get(measure) ?? new Set<JumpMark>();
    this.#marks.set(measure, marks.add(mark));
  }

  /** In order. */
  measuresWith(mark: JumpMark): number[] {
    const marked = [...this.#marks].filter(([, marks]) => marks.has(mark));
    return marked.map(([measure]) => measure).sort((a, b) => a - b);
  }

  /** Called once, after all measures exist. */
  finishMeasures(): void {
    for (const [index, marks] of this.#marks) {
      const measure = this.measures[index];
      if (measure) measure.marks = jumpMarks.filter((mark) => marks.has(mark));
    }
    for (const index of this.#repeatStarts) {
      const measure = this.measures[index];
      if (measure) measure.repeatStart = true;
    }
  }

  /** MusicXML allows fractions: with 1.5 divisions, a duration of 3 is two quarter notes. */
  setDivisions(part: PartDraft, cell: Cell, perQuarter: number): void {
    if (!(perQuarter > 0)) throw malformed(`divisions must be a positive number, not ${perQuarter}`);
    const [divisions, unit] = Number.isInteger(perQuarter) ? [perQuarter, 1] : fractionOfDecimal(perQuarter);
    part.divisions = divisions;
    part.unit = unit;
    const common = cell.extent === 0 && cell.cursor === 0 ? divisions : leastCommonMultiple(cell.divisions, divisions);
    this.#rescale(cell, common);
    cell.multiplier = (common / divisions) * unit;
  }

  /** Converts a length in the file's unit to the unit of the cell. */
  units(cell: Cell, length: number): number {
    if (Number.isInteger(length)) return length * cell.multiplier;
    // The format allows fractions of a division, although they are rare.
    const [numerator, denominator] = fractionOfDecimal(length);
    return this.#fraction(cell, numerator, denominator);
  }

  /** Converts a fraction of a quarter note to the unit of the cell. */
  quarters(cell: Cell, { divisions, unit }: PartDraft, numerator: number, denominator: number): number {
    return this.#fraction(cell, numerator * divisions, denominator * unit);
  }

  /**
   * Converts a fraction of the file's unit to the unit of the cell, which is refined to represent
   * it exactly.
   */
  #fraction(cell: Cell, numerator: number, denominator: number): number {
    const exact = (numerator * cell.multiplier) / denominator;
    if (Number.isInteger(exact)) return exact;
    let finer = denominator / greatestCommonDivisor(numerator * cell.multiplier, denominator);
    // A decimal that is not a musical fraction may need a finer unit than the limit; it is then
    // rounded.
    while (finer > 1_000 && finer * cell.divisions > this.limits.maxTicksPerQuarter) finer /= 10;
    finer = Math.ceil(finer);
    this.#rescale(cell, cell.divisions * finer);
    cell.multiplier *= finer;
    return Math.round((numerator * cell.multiplier) / denominator);
  }

  #rescale(cell: Cell, divisions: number): void {
    if (divisions > this.limits.maxTicksPerQuarter) throw tooLarge('divisions', this.limits.maxTicksPerQuarter);
    const factor = divisions / cell.divisions;
    cell.divisions = divisions;
    if (factor === 1 || (cell.extent === 0 && cell.cursor === 0)) return;
    for (let row = cell.from; row < cell.to; row++) {
      this.notes.onset[row] = (this.notes.onset[row] ?? 0) * factor;
      this.notes.duration[row] = (this.notes.duration[row] ?? 0) * factor;
    }
    for (let i = this.changes.length - 1; i >= 0 && this.changes[i]?.cell === cell; i--) {
      const pending = this.changes[i];
      if (pending) pending.offset *= factor;
    }
    cell.cursor *= factor;
    cell.chordOnset *= factor;
    cell.extent *= factor;
  }

  /** Moves the cursor, but not back beyond the barline. */
  move(cell: Cell, units: number): void {
    cell.cursor = Math.max(0, cell.cursor + units);
    if (cell.cursor > cell.extent) this.#extend(cell, cell.cursor);
  }

  /**
   * Moves the cursor by a length in the file's unit, which may be negative. A decimal is often the
   * sum of rounded ones and misses the barline or the end of the music, where the cursor then goes.
   * Returns false if it would go back beyond the barline.
   */
  moveBy(cell: Cell, part: PartDraft, length: number): boolean {
    const to = cell.cursor + length * cell.multiplier;
    const tolerance = sumError(length, part.divisions / part.unit) * cell.multiplier;
    if (length < 0 && to < tolerance) cell.cursor = 0;
    else if (Math.abs(to - cell.extent) < tolerance) cell.cursor = cell.extent;
    else this.move(cell, Math.sign(length) * this.units(cell, Math.abs(length)));
    return to >= -tolerance;
  }

  #extend(cell: Cell, to: number): void {
    if (!(to <= this.limits.maxQuarters * cell.divisions)) {
      throw tooLarge('the length in quarter notes', this.limits.maxQuarters);
    }
    cell.extent = to;
  }

  addNote(cell: Cell, note: NoteRow): void {
    const row = this.notes.count;
    if (row >= this.limits.maxNotes) throw tooLarge('the number of notes', this.limits.maxNotes);
    if (row === this.notes.onset.length) this.notes = resizeNoteColumns(this.notes, row * 2);
    const notes = this.notes;
    notes.count = row + 1;
    notes.measure[row] = cell.measure;
    notes.onset[row] = note.onset;
    notes.duration[row] = note.duration;
    notes.step[row] = note.step;
    notes.alterCents[row] = note.alterCents;
    notes.octave[row] = note.octave;
    notes.midi[row] = note.midi;
    notes.fifths[row] = note.fifths;
    notes.kind[row] = note.kind;
    notes.voice[row] = note.voice;
    notes.staff[row] = note.staff;
    notes.tie[row] = note.tie;
    notes.grace[row] = note.grace;
    cell.to = row + 1;
    const end = note.onset + note.duration;
    if (end > cell.extent) this.#extend(cell, end);
  }

  /**
   * `finishScore` sets `change.tick`, because the measure starts are not known until then. `offset`
   * is in the unit of the cell.
   */
  addChange(cell: Cell, change: { tick: number }, offset = cell.cursor): void {
    if (this.changes.length >= this.limits.maxChanges) {
      throw tooLarge('the number of key, time, clef and tempo changes', this.limits.maxChanges);
    }
    this.changes.push({ cell, offset, change });
  }
}
