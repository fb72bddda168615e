import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { outlineScore } from '../../analysis/score-outline.ts';
import { note, partwise, pitchesOf } from '../../testing/fixture-musicxml.ts';
import { read } from '../../testing/read-fixture.ts';
import { differenceOfScores } from '../../testing/score-difference.ts';
import { exportScore } from '../export-score.ts';

describe('MusicXML values', () => {
  const whole = note('C', 4, 4);
  const measure = (content: string) => `<measure number="1">${content}</measure>`;
  const instrument = (content: string) =>
    `<score-part id="P1"><part-name>A</part-name><midi-instrument id="I">${content}</midi-instrument></score-part>`;
  const direction = (unit: string, perMinute: string, more = '') =>
    `<direction><direction-type><metronome>${unit}<per-minute>${perMinute}</per-minute></metronome></direction-type>${more}</direction>`;
  const unit = (type: string, dots = 0) => `<beat-unit>${type}</beat-unit>${'<beat-unit-dot/>'.repeat(dots)}`;
  const tied = (content: string) => `<beat-unit-tied>${content}</beat-unit-tied>`;
  const signature = (content: string) => `<attributes>${content}</attributes>`;
  const clef = (content: string) => signature(`<clef><sign>G</sign>${content}</clef>`);

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
    ['per-minute', partwise(measure(`${direction(unit('quarter'), '-5')}${whole}`))],
    ['per-minute', partwise(measure(`${direction(unit('quarter'), '1e9')}${whole}`))],
    ['per-minute', partwise(measure(`${direction(unit('half'), '60000')}${whole}`))],
    ['the line of a clef', partwise(measure(`${clef('<line>x</line>')}${whole}`))],
    ['clef-octave-change', partwise(measure(`${clef('<clef-octave-change>0.5</clef-octave-change>')}${whole}`))],
    [
      'the number of a staff',
      partwise(measure(`<attributes><clef number="0"><sign>F</sign></clef></attributes>${whole}`)),
    ],
    ['staves', partwise(measure(`<attributes><staves>0</staves></attributes>${whole}`))],
    ['staff', partwise(measure(whole.replace('</note>', '<staff>0</staff></note>')))],
    ['times', partwise(measure(`${whole}<barline><repeat direction="backward" times="1000"/></barline>`))],
    ['fifths', partwise(measure(`${signature('<key><fifths>22</fifths></key>')}${whole}`))],
    ['fifths', partwise(measure(`${signature('<key><fifths/></key>')}${whole}`))],
    [
      'key-alter',
      partwise(measure(`${signature('<key><key-step>F</key-step><key-alter>5</key-alter></key>')}${whole}`)),
    ],
    ['beat-type', partwise(measure(`${signature('<time><beats>4</beats><beat-type>0</beat-type></time>')}${whole}`))],
  ];
  for (const [name, text] of hints) {
    it(`ignores an invalid ${name} with a warning`, async () => {
      const score = await read(text);
      assert.equal(score.notes.count, 1);
      assert.deepEqual([score.tempos, score.parts[0]?.channel, score.parts[0]?.program], [[], null, null]);
      assert.deepEqual([score.parts[0]?.keys, score.parts[0]?.times], [[], []]);
      assert.equal(score.warnings.length, 1);
      assert.match(score.warnings[0] ?? '', new RegExp(`^part "P1".*: ${name} is ignored: it must be .* from .* to `));
    });
  }

  for (const [name, expected, content] of [
    ['beats', 'a number or a sum of numbers, not "C"', '<time><beats>C</beats><beat-type>4</beat-type></time>'],
    ['beats', 'a number or a sum of numbers, not "0"', '<time><beats>0</beats><beat-type>4</beat-type></time>'],
    ['key-step', 'one of A to G, not "H"', '<key><key-step>H</key-step><key-alter>1</key-alter></key>'],
  ] as const) {
    it(`ignores a signature with an invalid ${name} with a warning`, async () => {
      const { warnings, parts, measures } = await read(partwise(measure(`${signature(content)}${whole}`)));
      assert.deepEqual(warnings, [`part "P1", measure 1: ${name} is ignored: it must be ${expected}`]);
      assert.deepEqual([parts[0]?.keys, parts[0]?.times, measures[0]?.length], [[], [], 4]);
    });
  }

  it('counts the measure of a warning if it has no number', async () => {
    const unnumbered = `<measure>${whole}</measure><measure><sound tempo="fast"/>${whole}</measure>`;
    const { warnings } = await read(partwise(unnumbered));
    assert.match(warnings.join(), /^part "P1", measure 2: tempo is ignored/);
  });

  it('reads empty elements as their defaults', async () => {
    const transpose = '<transpose><diatonic/><chromatic>-2</chromatic><octave-change/></transpose>';
    const empty = '<note><pitch><step>C</step><alter/><octave>4</octave></pitch><duration>4</duration><voice/></note>';
    const score = await read(partwise(measure(signature(transpose) + empty)));
    assert.deepEqual([pitchesOf(score), [...score.notes.voice], score.warnings], [['Bb3'], [1], []]);
  });

  it('reads numbers with any number of digits', async () => {
    const digits = '0'.repeat(30);
    const tempo = `<sound tempo="92.5${digits}"/>`;
    const { tempos, notes, warnings } = await read(partwise(measure(tempo + note('C', 4, `1.${digits}`))));
    assert.deepEqual([tempos[0]?.quartersPerMinute, [...notes.duration], warnings], [92.5, [1], []]);
  });

  it('warns about nothing valid, and limits the number of warnings', async () => {
    assert.deepEqual((await read(partwise(measure(`<sound tempo="92.5"/>${whole}`)))).warnings, []);
    const wrong = Array.from({ length: 30 }, (_, i) => `<measure number="${i}"><sound tempo="x"/>${whole}</measure>`);
    const { warnings } = await read(partwise(wrong.join('')));
    assert.deepEqual([warnings.length, warnings.at(-1)], [21, 'more warnings: 10']);
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

  it('warns about a note that is neither pitched, unpitched nor a rest, as in tablature', async () => {
    const fret = '<notations><technical><string>4</string><fret>7</fret></technical></notations>';
    const of = (content: string) => read(partwise(measure(`<note>${content}<duration>4</duration>${fret}</note>`)));
    const { warnings, notes, measures } = await of('');
    assert.deepEqual(warnings, ['part "P1", measure 1: a note without a pitch is read as a rest']);
    assert.deepEqual([notes.count, measures[0]?.length], [0, 4]);
    assert.deepEqual((await of('<rest/>')).warnings, []);
    assert.deepEqual((await of('<unpitched/>')).warnings, []);
  });

  const warned: [name: string, warning: string, content: string][] = [
    [
      'the doubling of a part',
      'part "P1", measure 1: the doubling of a part in another octave is ignored',
      signature('<transpose><chromatic>0</chromatic><double/></transpose>') + whole,
    ],
    [
      'a backup that is too long',
      'part "P1", measure 1: a backup beyond the beginning of the measure ends there',
      `${whole}<backup><duration>5</duration></backup>${note('E', 4, 4)}`,
    ],
    [
      'pitches that MIDI does not have',
      'notes beyond the range of MIDI, which its export omits: 2',
      note('C', 10, 2) + note('C', -2, 1) + note('G', 9, 1),
    ],
  ];
  for (const [name, warning, content] of warned) {
    it(`warns about ${name}`, async () => {
      assert.deepEqual((await read(partwise(measure(content)))).warnings, [warning]);
    });
  }

  const offset = (length: string, sound = '') => `<offset${sound}>${length}</offset>`;
  const beat = direction(unit('quarter'), '92', 'MORE');
  const places: [name: string, places: [tick: number, quarters: number][], direction: string][] = [
    ['without an offset', [[2, 92]], beat.replace('MORE', '')],
    ['of a mark with an offset, where it is drawn', [[3, 92]], beat.replace('MORE', offset('1'))],
    ['of a mark drawn earlier', [[1, 92]], beat.replace('MORE', offset('-1'))],
    ['of a mark with a fraction of a division', [[5, 92]], beat.replace('MORE', offset('0.5'))],
    ['of a mark drawn before its measure', [[0, 92]], beat.replace('MORE', offset('-8'))],
    ['of a mark drawn after its measure', [[4, 92]], beat.replace('MORE', offset('1000'))],
    ['of a sound whose mark is drawn elsewhere', [[2, 60]], beat.replace('MORE', `${offset('1')}<sound tempo="60"/>`)],
    [
      'of a sound with a played offset',
      [[3, 60]],
      beat.replace('MORE', `${offset('1', ' sound="yes"')}<sound tempo="60"/>`),
    ],
    ['of a sound with its own offset', [[1, 60]], `<sound tempo="60">${offset('-1')}</sound>`],
    ['of a sound with an invalid offset', [[2, 60]], `<sound tempo="60">${offset('x')}</sound>`],
  ];
  for (const [name, expected, content] of places) {
    it(`finds the place of a tempo ${name}`, async () => {
      const { tempos } = await read(partwise(measure(note('C', 4, 2) + content + note('D', 4, 2))));
      assert.deepEqual(
        tempos.map(({ tick, quartersPerMinute }) => [tick, quartersPerMinute]),
        expected,
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
    ['a type with white space', [1], drawn('<type> quarter </type>')],
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
      /part "P1", measure 1: a note without a duration and a known type is read as a grace note/,
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
    ['0.3333333333333333', 1],
    ['0.33333333333333331', 1],
    ['0.5', 1.5],
  ] as const) {
    it(`adds three times ${third} of ${divisions} divisions to a quarter note`, async () => {
      const attributes = `<attributes><divisions>${divisions}</divisions></attributes>`;
      const notes = note('C', 4, third).repeat(3_000);
      const score = await read(partwise(measure(`${attributes}${notes}`)));
      assert.equal(score.measures[0]?.length, 1_000 * score.ticksPerQuarter);
    });
  }

  it('adds rounded fractions to exact quarter notes', async () => {
    const lengths = ['0.08', '0.13', '0.06', '0.14', '0.11', '0.04', '0.042', '0.021', '0.048', '0.0909', '0.076923'];
    const counts = [12, 8, 16, 7, 9, 24, 24, 48, 21, 11, 13];
    const notes = lengths.map((length, i) => note('C', 4, length).repeat(counts[i] ?? 0));
    const score = await read(partwise(measure(notes.join(''))));
    assert.equal(score.measures[0]?.length, lengths.length * score.ticksPerQuarter);
  });

  const sums: [decimal: string, count: number, sum: string, divisions: number][] = [
    ['0.333333', 12, '3.999996', 1],
    ['0.3333', 12, '3.9996', 1],
    ['0.33', 12, '3.96', 1],
    ['0.166667', 24, '4.000008', 1],
    ['33.3333', 12, '399.9996', 100],
  ];
  for (const [decimal, count, sum, divisions] of sums) {
    it(`moves back to the barline over ${count} times ${decimal}, and forward to the end of the music`, async () => {
      const attributes = `<attributes><divisions>${divisions}</divisions></attributes>`;
      const notes = note('C', 4, decimal).repeat(count);
      const back = (by: string | number) => `<backup><duration>${by}</duration></backup>`;
      const ahead = `<forward><duration>${sum}</duration></forward>`;
      const low = note('C', 3, divisions);
      const content = `${attributes}${notes}${back(sum)}${low}${back(divisions)}${ahead}${low}`;
      const score = await read(partwise(measure(content)));
      const quarters = Math.round(Number(sum) / divisions);
      const onsets = [...score.notes.octave].flatMap((octave, row) => (octave === 3 ? [score.notes.onset[row]] : []));
      const { ticksPerQuarter } = score;
      assert.deepEqual(onsets, [0, quarters * ticksPerQuarter]);
      assert.equal(ticksPerQuarter, (divisions * count) / quarters);
    });
  }

  it('moves by a decimal that no rounding explains', async () => {
    const content = `${note('C', 4, 4)}<backup><duration>3.96875</duration></backup>${note('C', 3, 1)}`;
    const score = await read(partwise(measure(content)));
    assert.equal((score.notes.onset[1] ?? 0) / score.ticksPerQuarter, 1 / 32);
  });

  it('keeps six digits of decimals that are not musical fractions', async () => {
    const score = await read(partwise(measure(note('C', 4, '0.123451').repeat(1_000))));
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
      'only the second part has one, and the first a rest without a length',
      [3, 3],
      '<measure><note><rest measure="yes"/></note></measure><measure/>',
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
    ['a false declaration of UCS-2', text.replace('?>', ' encoding="ISO-10646-UCS-2"?>')],
    ['UTF-16 that is declared as UTF-8', Buffer.from(`\uFEFF${text.replace('?>', ' encoding="UTF-8"?>')}`, 'utf16le')],
    ['UTF-16 without a byte order mark', Buffer.from(text, 'utf16le')],
  ];
  for (const [name, bytes] of encoded) {
    it(`reads ${name}`, async () => {
      assert.deepEqual(await read(bytes), await read(text));
      assert.deepEqual(await read(bytes, {}, 1), await read(text));
    });
  }

  const named = (encoding: string, before = '') =>
    `${before}${text.replace('?>', ` encoding="${encoding}"?>`).replace('>One<', '>F\xfcr<')}`;
  const legacy: [name: string, text: string, umlaut: number][] = [
    ['ISO-8859-1', named('ISO-8859-1'), 0xfc],
    ['ISO-8859-1 behind a blank line', named('ISO-8859-1', '\r\n '), 0xfc],
    ['"latin-1"', named('latin-1'), 0xfc],
    ['"MacRoman"', named('MacRoman'), 0x9f],
  ];
  for (const [name, content, umlaut] of legacy) {
    it(`reads a name in ${name}`, async () => {
      const bytes = Buffer.from(content, 'latin1').map((byte) => (byte === 0xfc ? umlaut : byte));
      assert.equal((await read(bytes)).parts[0]?.name, 'Für');
      assert.equal((await read(bytes, {}, 1)).parts[0]?.name, 'Für');
    });
  }
});
