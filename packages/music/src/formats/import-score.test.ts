import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { outlineScore } from '../analysis/score-outline.ts';
import { TIE_START, TIE_STOP, UNPITCHED } from '../model/note-columns.ts';
import { nameOfPitch } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import type { ScoreLimits } from '../model/score-limits.ts';
import { codeOf, read } from '../testing/read-fixture.ts';
import { differenceOfScores } from '../testing/score-difference.ts';
import { exportScore } from './export-score.ts';

function pitches(score: Score): string[] {
  const { notes } = score;
  return Array.from({ length: notes.count }, (_, row) => nameOfPitch(notes.fifths[row] ?? 0, notes.midi[row] ?? 0));
}

function partwise(measures: string, list = '<score-part id="P1"><part-name>One</part-name></score-part>'): string {
  return `<?xml version="1.0"?><score-partwise><part-list>${list}</part-list><part id="P1">${measures}</part></score-partwise>`;
}

const note = (step: string, octave: number, duration: number, more = '') =>
  `<note>${more}<pitch><step>${step}</step><octave>${octave}</octave></pitch><duration>${duration}</duration></note>`;

describe('importScore: MusicXML', () => {
  it('reads a chord, a backup and a second voice', async () => {
    const second =
      '<backup><duration>4</duration></backup><note><pitch><step>C</step><octave>3</octave></pitch><duration>4</duration><voice>2</voice></note>';
    const score = await read(
      partwise(
        `<measure number="1">${note('C', 4, 2)}${note('E', 4, 2, '<chord/>')}${note('G', 4, 2)}${second}</measure>`,
      ),
    );
    assert.deepEqual(pitches(score), ['C4', 'E4', 'C3', 'G4']);
    assert.deepEqual([...score.notes.onset], [0, 0, 0, 2]);
    assert.deepEqual([...score.notes.voice], [1, 1, 2, 1]);
    assert.equal(score.measures[0]?.length, 4);
  });

  it('converts parts with different divisions to one exact resolution', async () => {
    const list = '<score-part id="P1"/><score-part id="P2"/>';
    const body = `<measure number="1"><attributes><divisions>3</divisions></attributes>${note('C', 4, 1)}${note('D', 4, 2)}</measure></part><part id="P2"><measure number="1"><attributes><divisions>4</divisions></attributes>${note('E', 4, 3)}${note('F', 4, 1)}</measure>`;
    const score = await read(partwise(body, list));
    assert.equal(score.ticksPerQuarter, 12);
    assert.deepEqual([...score.notes.duration], [4, 8, 9, 3]);
  });

  it('reads changed divisions inside a measure and decimal durations', async () => {
    const body = `<measure number="1"><attributes><divisions>2</divisions></attributes>${note('C', 4, 1)}<attributes><divisions>3</divisions></attributes>${note('D', 4, 2)}<note><pitch><step>E</step><octave>4</octave></pitch><duration>0.5</duration></note></measure>`;
    const score = await read(partwise(body));
    const quarters = [...score.notes.duration].map((ticks) => ticks / score.ticksPerQuarter);
    assert.deepEqual(quarters, [1 / 2, 2 / 3, 1 / 6]);
  });

  it('reads ties, grace notes, percussion, cue notes and voices', async () => {
    const list =
      '<score-part id="P1"><part-name>Drums</part-name><midi-instrument id="P1-I38"><midi-unpitched>39</midi-unpitched></midi-instrument></score-part>';
    const grace = '<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>';
    const cue = '<note><cue/><pitch><step>A</step><octave>4</octave></pitch><duration>1</duration></note>';
    const drum =
      '<note><unpitched><display-step>E</display-step><display-octave>4</display-octave></unpitched><duration>1</duration><instrument id="P1-I38"/></note>';
    const tied = `<note><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration><tie type="stop"/><tie type="start"/></note>`;
    const { notes } = await read(partwise(`<measure number="1">${grace}${tied}${cue}${drum}</measure>`, list));
    assert.deepEqual([...notes.grace], [1, 0, 0]);
    assert.deepEqual([...notes.tie], [0, TIE_START + TIE_STOP, 0]);
    assert.deepEqual([...notes.onset], [0, 0, 3]);
    assert.equal(notes.kind[2], UNPITCHED);
    assert.equal(notes.midi[2], 38);
  });

  it('transposes a clarinet in B flat a major second down', async () => {
    const attributes =
      '<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>';
    const score = await read(
      partwise(`<measure number="1">${attributes}${note('C', 4, 1)}${note('F', 4, 1)}</measure>`),
    );
    assert.deepEqual(pitches(score), ['Bb3', 'Eb4']);
    assert.equal(score.notes.octave[0], 4);
  });

  it('detects a pickup and gives an empty measure its nominal length', async () => {
    const time =
      '<attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time></attributes>';
    const score = await read(
      partwise(`<measure number="0" implicit="yes">${time}${note('G', 4, 2)}</measure><measure number="1"/>`),
    );
    assert.deepEqual(
      score.measures.map(({ length, pickup }) => [length, pickup]),
      [
        [2, true],
        [6, false],
      ],
    );
  });

  it('reads partwise and timewise files as the same score', async () => {
    const measures = [note('C', 4, 1) + note('D', 4, 1), note('E', 4, 2)];
    const one = await read(
      partwise(measures.map((body, i) => `<measure number="${i + 1}">${body}</measure>`).join('')),
    );
    const timewise = `<score-timewise><part-list><score-part id="P1"><part-name>One</part-name></score-part></part-list>${measures
      .map((body, i) => `<measure number="${i + 1}"><part id="P1">${body}</part></measure>`)
      .join('')}</score-timewise>`;
    assert.deepEqual(await read(timewise), one);
  });

  it('reads the same score for any chunk size and encoding', async () => {
    const text = partwise(
      `<measure number="1">${note('C', 4, 1)}</measure>`,
      '<score-part id="P1"><part-name>Flöte ♭ 𝄞</part-name></score-part>',
    );
    const score = await read(text);
    assert.equal(score.parts[0]?.name, 'Flöte ♭ 𝄞');
    const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const variant of [
      read(text, {}, 1),
      read(text, {}, 7),
      read(utf16),
      read(utf16, {}, 3),
      read(Buffer.from(utf16).swap16()),
    ]) {
      assert.deepEqual(await variant, score);
    }
    const latin = Buffer.from(
      text.replace('version="1.0"', 'version="1.0" encoding="ISO-8859-1"').replace(' ♭ 𝄞', ''),
      'latin1',
    );
    assert.equal((await read(latin)).parts[0]?.name, 'Flöte');
  });
});

describe('importScore: hints, tempos and durations', () => {
  const whole = note('C', 4, 4);
  const measure = (content: string) => `<measure number="1">${content}</measure>`;
  const instrument = (content: string) =>
    `<score-part id="P1"><part-name>A</part-name><midi-instrument id="I">${content}</midi-instrument></score-part>`;
  const direction = (unit: string, perMinute: string, more = '') =>
    `<direction><direction-type><metronome>${unit}<per-minute>${perMinute}</per-minute></metronome></direction-type>${more}</direction>`;
  const unit = (type: string, dots = 0) => `<beat-unit>${type}</beat-unit>${'<beat-unit-dot/>'.repeat(dots)}`;
  const tied = (content: string) => `<beat-unit-tied>${content}</beat-unit-tied>`;
  const clef = (content: string) => `<attributes><clef><sign>G</sign>${content}</clef></attributes>`;

  const hints: [name: string, text: string][] = [
    ['midi-channel', partwise(measure(whole), instrument('<midi-channel>0</midi-channel>'))],
    ['midi-channel', partwise(measure(whole), instrument('<midi-channel>17</midi-channel>'))],
    ['midi-program', partwise(measure(whole), instrument('<midi-program>0</midi-program>'))],
    ['midi-program', partwise(measure(whole), instrument('<midi-program>129</midi-program>'))],
    ['midi-program', partwise(measure(whole), instrument('<midi-program></midi-program>'))],
    ['midi-unpitched', partwise(measure(whole), instrument('<midi-unpitched>-1</midi-unpitched>'))],
    ['tempo', partwise(measure(`<sound tempo="92,5"/>${whole}`))],
    ['tempo', partwise(measure(`<sound tempo="-1"/>${whole}`))],
    ['tempo', partwise(measure(`<direction><sound tempo="fast"/></direction>${whole}`))],
    ['per-minute', partwise(measure(`${direction(unit('quarter'), 'allegro')}${whole}`))],
    ['the line of a clef', partwise(measure(`${clef('<line>x</line>')}${whole}`))],
    ['clef-octave-change', partwise(measure(`${clef('<clef-octave-change>0.5</clef-octave-change>')}${whole}`))],
    [
      'the number of a staff',
      partwise(measure(`<attributes><clef number="0"><sign>F</sign></clef></attributes>${whole}`)),
    ],
    ['staves', partwise(measure(`<attributes><staves>0</staves></attributes>${whole}`))],
    ['staff', partwise(measure(whole.replace('</note>', '<staff>0</staff></note>')))],
    ['times', partwise(measure(`${whole}<barline><repeat direction="backward" times="1000"/></barline>`))],
  ];
  for (const [name, text] of hints) {
    it(`ignores an invalid ${name} with a warning`, async () => {
      const score = await read(text);
      assert.equal(score.notes.count, 1);
      assert.deepEqual([score.tempos, score.parts[0]?.channel, score.parts[0]?.program], [[], null, null]);
      assert.equal(score.warnings.length, 1);
      assert.match(score.warnings[0] ?? '', new RegExp(`^part "P1".*: ${name} is ignored: it must be .* from .* to `));
    });
  }

  it('warns about nothing valid, and limits the number of warnings', async () => {
    assert.deepEqual((await read(partwise(measure(`<sound tempo="92.5"/>${whole}`)))).warnings, []);
    const wrong = Array.from({ length: 30 }, (_, i) => `<measure number="${i}"><sound tempo="x"/>${whole}</measure>`);
    const { warnings } = await read(partwise(wrong.join('')));
    assert.deepEqual([warnings.length, warnings.at(-1)], [21, '10 more warnings']);
  });

  const marks: [name: string, quarters: number[], content: string][] = [
    ['a quarter', [92], direction(unit('quarter'), '92')],
    ['a half', [184], direction(unit('half'), '92')],
    ['a dotted quarter', [90], direction(unit('quarter', 1), '60')],
    ['a doubly dotted eighth', [52.5], direction(unit('eighth', 2), '60')],
    ['a quarter tied to a dotted eighth', [105], direction(`${unit('quarter')}${tied(unit('eighth', 1))}`, '60')],
    ['three tied notes', [130], direction(`${unit('half', 1)}${tied(unit('half'))}${tied(unit('quarter', 1))}`, '20')],
    ['a tie to an unknown unit', [], direction(`${unit('quarter')}${tied(unit('blob'))}`, '92')],
    ['decimals', [92.5], direction(unit('quarter'), '92.5')],
    ['a decimal comma', [92.5], direction(unit('quarter'), '92,5')],
    ['"c. 92"', [92], direction(unit('quarter'), 'c. 92')],
    ['a range (its first number)', [92], direction(unit('quarter'), '92-96')],
    ['a playback tempo at the same tick, which wins', [60], direction(unit('quarter'), '92', '<sound tempo="60"/>')],
    ['a playback tempo before it', [60], `<sound tempo="60"/>${direction(unit('quarter'), '92')}`],
    ['an invalid playback tempo', [92], direction(unit('quarter'), '92', '<sound tempo="x"/>')],
    ['two units, which are a relation', [], direction(`${unit('quarter')}${unit('half')}`, '')],
    ['an unknown unit', [], direction(unit('blob'), '92')],
    ['zero', [], direction(unit('quarter'), '0')],
  ];
  for (const [name, quarters, content] of marks) {
    it(`reads the tempo of a metronome mark: ${name}`, async () => {
      const { tempos } = await read(partwise(measure(content + whole)));
      assert.deepEqual(
        tempos.map(({ quartersPerMinute }) => quartersPerMinute),
        quarters,
      );
    });
  }

  const drawn = (content: string) => `<note><pitch><step>C</step><octave>4</octave></pitch>${content}</note>`;
  const ratio = (actual: number, normal: number) =>
    `<time-modification><actual-notes>${actual}</actual-notes><normal-notes>${normal}</normal-notes></time-modification>`;
  const lengths: [name: string, quarters: number[], content: string][] = [
    ['type', [1, 2, 0.5], drawn('<type>quarter</type>') + drawn('<type>half</type>') + drawn('<type>eighth</type>')],
    ['dots', [1.5, 3.5], drawn('<type>quarter</type><dot/>') + drawn('<type>half</type><dot/><dot/>')],
    [
      'a tuplet',
      [1 / 3, 2 / 5],
      drawn(`<type>eighth</type>${ratio(3, 2)}`) + drawn(`<type>eighth</type>${ratio(5, 4)}`),
    ],
    ['an empty duration', [1], drawn('<duration/><type>quarter</type>')],
    ['a duration of 0', [1], drawn('<duration>0</duration><type>quarter</type>')],
    ['the shortest type', [1 / 256, 1], drawn('<type>1024th</type>') + drawn('<type>quarter</type>')],
    ['the chord', [2, 2], drawn('<type>half</type>') + drawn('<chord/>')],
    ['the written duration of its chord', [2, 2], note('E', 4, 2) + drawn('<chord/>')],
    ['a written duration, which wins', [3], note('C', 4, 3).replace('</note>', '<type>eighth</type></note>')],
  ];
  for (const [name, quarters, content] of lengths) {
    it(`derives a missing duration from ${name}, and exports it`, async () => {
      const score = await read(partwise(measure(content)));
      const { ticksPerQuarter, notes, warnings } = score;
      assert.deepEqual(
        [...notes.duration].map((ticks) => ticks / ticksPerQuarter),
        quarters,
      );
      assert.deepEqual(warnings, []);
      const bytes = Buffer.concat(await Array.fromAsync(exportScore(score, 'musicxml')));
      assert.doesNotMatch(String(bytes), /<duration>0</);
      assert.equal(differenceOfScores(score, await read(bytes)), null);
    });
  }

  it('reads a note without a length as a grace note and such a rest as a full measure', async () => {
    const time = '<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>';
    const score = await read(partwise(`${measure(`${time}<note><rest/></note>`)}${measure(drawn('') + whole)}`));
    assert.deepEqual([score.measures[0]?.length, [...score.notes.grace], [...score.notes.onset]], [3, [1, 0], [3, 3]]);
    assert.match(
      score.warnings.join(),
      /part "P1", measure 1: a note without duration and type is read as a grace note/,
    );
    const bytes = Buffer.concat(await Array.fromAsync(exportScore(score, 'musicxml')));
    assert.equal(differenceOfScores(score, await read(bytes)), null);
  });

  for (const [third, divisions] of [
    ['0.333333', 1],
    ['0.33', 1],
    ['1.3333', 4],
    ['160.0', 480],
    ['3.3333333', 10],
  ] as const) {
    it(`adds three times ${third} of ${divisions} divisions to a quarter note`, async () => {
      const attributes = `<attributes><divisions>${divisions}</divisions></attributes>`;
      const notes = note('C', 4, 1).replace('>1<', `>${third}<`).repeat(3_000);
      const score = await read(partwise(measure(`${attributes}${notes}`)));
      assert.equal(score.measures[0]?.length, 1_000 * score.ticksPerQuarter);
    });
  }

  it('adds notes of two digits to exact quarter notes', async () => {
    const lengths = ['0.08', '0.13', '0.06', '0.14', '0.11', '0.04'];
    const counts = [12, 8, 16, 7, 9, 24];
    const notes = lengths.map((length, i) =>
      note('C', 4, 1)
        .replace('>1<', `>${length}<`)
        .repeat(counts[i] ?? 0),
    );
    const score = await read(partwise(measure(notes.join(''))));
    assert.equal(score.measures[0]?.length, lengths.length * score.ticksPerQuarter);
  });

  it('moves back to the barline with a backup over a sum of decimals', async () => {
    const thirds = note('C', 4, 1).replace('>1<', '>0.333333<').repeat(12);
    const back = '<backup><duration>3.999996</duration></backup>';
    const score = await read(partwise(measure(`${thirds}${back}${note('C', 3, 4)}`)));
    const low = [...score.notes.octave].indexOf(3);
    assert.deepEqual([score.notes.onset[low], score.measures[0]?.length], [0, 12]);
    assert.equal(score.ticksPerQuarter, 3);
  });

  it('keeps six digits of decimals that are not musical fractions', async () => {
    const score = await read(partwise(measure(note('C', 4, 1).replace('>1<', '>0.123451<').repeat(1_000))));
    assert.equal((score.measures[0]?.length ?? 0) / score.ticksPerQuarter, 123.451);
  });

  const signed = (beats: number) =>
    `<attributes><time><beats>${beats}</beats><beat-type>4</beat-type></time></attributes>`;
  const two = '<score-part id="P1"/><score-part id="P2"/>';
  const bars: [name: string, lengths: number[], first: string, second: string][] = [
    ['only the second part has one', [3, 3], '<measure/><measure/>', `<measure>${signed(3)}</measure><measure/>`],
    [
      'the first part has one later',
      [3, 5],
      `<measure/><measure>${signed(5)}</measure>`,
      `<measure>${signed(3)}</measure><measure/>`,
    ],
    [
      'both have one, from the first part',
      [3, 3],
      `<measure>${signed(3)}</measure><measure/>`,
      `<measure>${signed(2)}</measure><measure>${signed(5)}</measure>`,
    ],
  ];
  for (const [name, expected, first, second] of bars) {
    it(`gives an empty measure the length of the time signature if ${name}`, async () => {
      const score = await read(partwise(`${first}</part><part id="P2">${second}`, two));
      assert.deepEqual(
        score.measures.map(({ length }) => length),
        expected,
      );
      const [{ signature } = { signature: '' }] = outlineScore(score).time_signatures;
      assert.equal(signature, '3/4');
    });
  }

  const text = partwise(measure(whole));
  const encoded: [name: string, bytes: string | Uint8Array][] = [
    ['two byte order marks', `\uFEFF\uFEFF${text}`],
    ['a leading blank line', `\n  ${text}`],
    ['a byte order mark and a blank line', `\uFEFF\n${text}`],
    ['a false declaration of UTF-16', text.replace('?>', ' encoding="UTF-16"?>')],
    ['UTF-16 that is declared as UTF-8', Buffer.from(`\uFEFF${text.replace('?>', ' encoding="UTF-8"?>')}`, 'utf16le')],
    ['UTF-16 without a byte order mark', Buffer.from(text, 'utf16le')],
  ];
  for (const [name, bytes] of encoded) {
    it(`reads ${name}`, async () => {
      assert.deepEqual(await read(bytes), await read(text));
      assert.deepEqual(await read(bytes, {}, 1), await read(text));
    });
  }
});

describe('importScore: invalid input', () => {
  const music = `<measure number="1">${note('C', 4, 1)}</measure>`;
  const refused: [string, string, string | Uint8Array, Partial<ScoreLimits>?][] = [
    ['text', '415 UNSUPPORTED_FORMAT', 'C4 D4'],
    ['nothing', '415 UNSUPPORTED_FORMAT', ''],
    [
      'another document behind a long comment',
      '415 UNSUPPORTED_FORMAT',
      `<?xml version="1.0"?><!--${'x'.repeat(9000)}--><svg/>`,
    ],
    ['an unknown encoding', '415 UNSUPPORTED_FORMAT', '<?xml version="1.0" encoding="EBCDIC-X"?><score-partwise/>'],
    ['a score without measures', '422 MALFORMED_SCORE', '<score-partwise/>'],
    ['a truncated file', '422 MALFORMED_SCORE', partwise(music).slice(0, -30)],
    [
      'invalid UTF-8',
      '422 MALFORMED_SCORE',
      Buffer.concat([Buffer.from(partwise(music)), Buffer.from([0xff, 0xfe, 0x20])]),
    ],
    ['an invalid pitch', '422 MALFORMED_SCORE', partwise(music.replace('>C<', '>H<'))],
    ['an invalid duration', '422 MALFORMED_SCORE', partwise(music.replace('<duration>1', '<duration>0x10'))],
    ['a negative duration', '422 MALFORMED_SCORE', partwise(music.replace('<duration>1', '<duration>-1'))],
    [
      'divisions 0',
      '422 MALFORMED_SCORE',
      partwise(`<measure><attributes><divisions>0</divisions></attributes></measure>`),
    ],
    ['an undeclared entity', '422 MALFORMED_SCORE', partwise(music.replace('>C<', '>&c;<'))],
    [
      'nested entities',
      '422 MALFORMED_SCORE',
      `<!DOCTYPE score-partwise [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${partwise(music).slice(21)}`,
    ],
    [
      'an external entity',
      '422 MALFORMED_SCORE',
      `<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/passwd">]>${partwise(music).slice(21)}`,
    ],
    ['an unclosed CDATA section', '422 MALFORMED_SCORE', partwise(`<measure><note><![CDATA[`)],
    [
      'two parts with the same id',
      '422 MALFORMED_SCORE',
      partwise(music, '<score-part id="P1"/><score-part id="P1"/>'),
    ],
    ['too many bytes', '413 SCORE_TOO_LARGE', partwise(music), { maxBytes: 100 }],
    [
      'too many notes',
      '413 SCORE_TOO_LARGE',
      partwise(`<measure>${note('C', 4, 1).repeat(11)}</measure>`),
      { maxNotes: 10 },
    ],
    ['too many measures', '413 SCORE_TOO_LARGE', partwise('<measure/>'.repeat(11)), { maxMeasures: 10 }],
    [
      'too many parts',
      '413 SCORE_TOO_LARGE',
      partwise(music, '<score-part id="P2"/><score-part id="P3"/>'),
      { maxParts: 1 },
    ],
    ['too deep', '413 SCORE_TOO_LARGE', partwise('<a>'.repeat(100_000))],
    [
      'too many attributes',
      '413 SCORE_TOO_LARGE',
      partwise(`<measure ${Array.from({ length: 65 }, (_, i) => `a${i}=""`).join(' ')}/>`),
    ],
    ['an attribute too long', '413 SCORE_TOO_LARGE', partwise(`<measure number="${'1'.repeat(20_000)}"/>`)],
    ['an endless attribute', '413 SCORE_TOO_LARGE', partwise(`<measure number="${'1'.repeat(2_000_000)}`)],
    [
      'an endless text of character references',
      '413 SCORE_TOO_LARGE',
      partwise(`<measure><note><voice>${'&#65;'.repeat(1_100_000)}`),
    ],
    ['an endless comment', '413 SCORE_TOO_LARGE', partwise(`<!--${' '.repeat(2_000_000)}`)],
    ['an endless DOCTYPE', '413 SCORE_TOO_LARGE', `<!DOCTYPE score-partwise [${' '.repeat(2_000_000)}`],
    ['an excessive duration', '413 SCORE_TOO_LARGE', partwise(music.replace('<duration>1', '<duration>99999999'))],
    [
      'an excessive forward',
      '413 SCORE_TOO_LARGE',
      partwise('<measure><forward><duration>99999999</duration></forward></measure>'),
    ],
    [
      'excessive divisions',
      '413 SCORE_TOO_LARGE',
      partwise(`<measure><attributes><divisions>4294967296</divisions></attributes></measure>`),
    ],
    [
      'divisions without a common multiple',
      '413 SCORE_TOO_LARGE',
      partwise(
        [1009, 1013, 1019, 1021]
          .map((d) => `<measure><attributes><divisions>${d}</divisions></attributes>${note('C', 4, 1)}</measure>`)
          .join(''),
      ),
    ],
    [
      'too many key changes',
      '413 SCORE_TOO_LARGE',
      partwise(`<measure><attributes>${'<key/>'.repeat(11)}</attributes></measure>`),
      { maxChanges: 10 },
    ],
  ];
  for (const [name, expected, input, limits] of refused) {
    it(`${name}: ${expected}`, async () => assert.equal(await codeOf(read(input, limits)), expected));
  }

  it('accepts the MusicXML DOCTYPE', async () => {
    const doctype =
      '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">';
    const score = await read(partwise(music).replace('<score-partwise>', `${doctype}<score-partwise>`));
    assert.equal(score.notes.count, 1);
  });
});
