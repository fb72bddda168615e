import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TIE_START, TIE_STOP, UNPITCHED } from '../model/note-columns.ts';
import type { ScoreLimits } from '../model/score-limits.ts';
import { note, partwise, pitchesOf } from '../testing/fixture-musicxml.ts';
import { codeOf, read } from '../testing/read-fixture.ts';

describe('importScore: MusicXML', () => {
  it('reads a chord, a backup and a second voice', async () => {
    const second =
      '<backup><duration>4</duration></backup><note><pitch><step>C</step><octave>3</octave></pitch><duration>4</duration><voice>2</voice></note>';
    const score = await read(
      partwise(
        `<measure number="1">${note('C', 4, 2)}${note('E', 4, 2, '<chord/>')}${note('G', 4, 2)}${second}</measure>`,
      ),
    );
    assert.deepEqual(pitchesOf(score), ['C4', 'E4', 'C3', 'G4']);
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

  it('uses the drawn ties of a note without played ones', async () => {
    const drawn = (type: string, played = '') =>
      note('C', 4, 4).replace('</note>', `${played}<notations><tied type="${type}"/></notations></note>`);
    const tiesOf = async (...notes: string[]) => [
      ...(await read(partwise(`<measure>${notes.join('</measure><measure>')}</measure>`))).notes.tie,
    ];
    assert.deepEqual(await tiesOf(drawn('start'), drawn('stop')), [TIE_START, TIE_STOP]);
    assert.deepEqual(await tiesOf(drawn('continue')), [TIE_START + TIE_STOP]);
    assert.deepEqual(await tiesOf(drawn('let-ring')), [0]);
    assert.deepEqual(await tiesOf(drawn('start', '<tie type="stop"/>')), [TIE_STOP]);
  });

  it('transposes a clarinet in B flat a major second down', async () => {
    const attributes =
      '<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>';
    const score = await read(
      partwise(`<measure number="1">${attributes}${note('C', 4, 1)}${note('F', 4, 1)}</measure>`),
    );
    assert.deepEqual(pitchesOf(score), ['Bb3', 'Eb4']);
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
