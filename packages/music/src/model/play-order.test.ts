import assert from 'node:assert/strict';
import { parseMidi } from 'midi-file';
import { describe, it } from 'mocha';
import { exportScore } from '../formats/export-score.ts';
import { writeJson } from '../formats/json-writer.ts';
import { readJson } from '../testing/json-reader.ts';
import { differenceOfMidi } from '../testing/midi-difference.ts';
import { codeOf, read } from '../testing/read-fixture.ts';
import { differenceOfScores } from '../testing/score-difference.ts';
import { performedScore } from './performed-score.ts';
import { countPlayed, playOrder } from './play-order.ts';
import type { Score } from './score.ts';
import { defaultScoreLimits } from './score-limits.ts';
import { soundingNotes } from './sounding-notes.ts';

const forward = '<barline location="left"><repeat direction="forward"/></barline>';
const backward = (times = '') => `<barline location="right"><repeat direction="backward"${times}/></barline>`;
const ending = (number: string, type: string, location = 'left') =>
  `<barline location="${location}"><ending number="${number}" type="${type}"/></barline>`;
const sound = (attributes: string) => `<direction><direction-type/><sound ${attributes}/></direction>`;
const drawn = (type: string) => `<direction><direction-type>${type}</direction-type></direction>`;
const words = (text: string) => drawn(`<words>${text}</words>`);
const [segno, coda] = [sound('segno="s"'), sound('coda="c"')];
const [fine, toCoda] = [sound('fine="yes"'), sound('tocoda="c"')];
const [daCapo, dalSegno] = [sound('dacapo="yes"'), sound('dalsegno="s"')];
const steps = 'CDEFGABCDEFGAB';

/** One measure per item, with the XML before and after its note. */
function piece(...measures: [before?: string, after?: string][]): string {
  const body = measures.map(([before = '', after = ''], i) => {
    const note = `<note><pitch><step>${steps[i]}</step><octave>${i < 7 ? 4 : 5}</octave></pitch><duration>4</duration></note>`;
    return `<measure number="${i + 1}">${before}${note}${after}</measure>`;
  });
  return `<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">${body.join('')}</part></score-partwise>`;
}

const orderOf = ({ measures }: Score) => [...playOrder(measures)].map((index) => index + 1).join(' ');

describe('playOrder', () => {
  const rows: [name: string, order: string, text: string][] = [
    ['a piece without repeats', '1 2 3', piece([], [], [])],
    ['a section', '1 2 3 2 3 4', piece([], [forward], ['', backward()], [])],
    ['from the beginning without a forward sign', '1 2 1 2 3', piece([], ['', backward()], [])],
    ['from the end of the previous section', '1 1 2 3 2 3', piece(['', backward()], [], ['', backward()])],
    ['three times', '1 1 1 2', piece([forward, backward(' times="3"')], [])],
    ['an invalid number of times', '1 1 2', piece([forward, backward(' times="x"')], [])],
    [
      'two endings, one without a start and one without an end',
      '1 2 1 3',
      piece([forward], ['', `${ending('1', 'stop', 'right')}${backward()}`], [ending('2', 'start')]),
    ],
    [
      'two endings of two measures',
      '1 2 3 1 4 5 6',
      piece(
        [forward],
        [ending('1', 'start')],
        ['', `${ending('1', 'stop', 'right')}${backward()}`],
        [ending('2', 'start')],
        ['', ending('2', 'discontinue', 'right')],
        [],
      ),
    ],
    [
      'an ending for two passes',
      '1 2 1 2 1 3 4',
      piece(
        [forward],
        [ending('1, 2', 'start'), `${ending('1, 2', 'stop', 'right')}${backward()}`],
        [ending('3', 'start'), ending('3', 'discontinue', 'right')],
        [],
      ),
    ],
    [
      'an ending for a range of passes, closed by its repeat',
      '1 2 1 2 1 3',
      piece([forward], [ending('1-2', 'start'), backward()], [ending('3', 'start')]),
    ],
    [
      'a repeat at the last ending',
      '1 2 1 3 4',
      piece(
        [forward],
        [ending('1', 'start'), `${ending('1', 'stop', 'right')}${backward()}`],
        [ending('2', 'start'), `${ending('2', 'stop', 'right')}${backward()}`],
        [],
      ),
    ],
    [
      'a third ending after a second without a repeat',
      '1 2 1 3 4 5',
      piece(
        [forward],
        [ending('1', 'start'), `${ending('1', 'stop', 'right')}${backward()}`],
        [ending('2', 'start'), ending('2', 'stop', 'right')],
        [ending('3', 'start'), ending('3', 'stop', 'right')],
        [],
      ),
    ],
    [
      'a second ending without a first',
      '1 2 1 2 3',
      piece([forward], [ending('2', 'start'), `${ending('2', 'stop', 'right')}${backward()}`], []),
    ],
    ['a section within a section', '1 2 2 3 1 2 2 3 4', piece([forward], [forward, backward()], ['', backward()], [])],
    [
      'two sections with endings each',
      '1 2 1 3 4 5 4 6',
      piece(
        [forward],
        [ending('1', 'start'), `${ending('1', 'stop', 'right')}${backward()}`],
        [ending('2', 'start'), ending('2', 'stop', 'right')],
        [forward],
        [ending('1', 'start'), `${ending('1', 'stop', 'right')}${backward()}`],
        [ending('2', 'start'), ending('2', 'stop', 'right')],
      ),
    ],
    ['a forward sign without a backward one', '1 2', piece([forward], [])],
    ['a repeat from a sign that is not drawn', '1 2 2', piece([], ['<sound forward-repeat="yes"/>', backward()])],
    ['endings without a repeat', '1 2 3', piece([], [ending('1', 'start')], [ending('2', 'start')])],
    [
      'barlines without a location',
      '1 2 3 2 3 4',
      piece(
        [],
        ['<barline><repeat direction="forward"/></barline>'],
        ['', '<barline><repeat direction="backward"/></barline>'],
        [],
      ),
    ],
    [
      'a forward sign at the end of the previous measure',
      '1 2 2',
      piece(['', '<barline location="right"><repeat direction="forward"/></barline>'], ['', backward()]),
    ],
    ['a da capo', '1 2 1 2', piece([], ['', daCapo])],
    ['a da capo al fine', '1 2 3 1 2', piece([], ['', fine], ['', daCapo])],
    ['a da capo al coda', '1 2 3 1 2 4', piece([], ['', toCoda], ['', daCapo], [coda])],
    ['a dal segno al fine', '1 2 3 4 2 3', piece([], [segno], ['', fine], ['', dalSegno])],
    ['a dal segno al coda', '1 2 3 4 2 5', piece([], [segno, toCoda], [], ['', dalSegno], [coda])],
    ['a segno and a coda before a barline', '1 2 3 2 4', piece(['', segno], ['', toCoda], ['', dalSegno + coda], [])],
    ['a repeat once after a jump', '1 2 1 2 3 1 2 3', piece([forward], ['', backward()], ['', daCapo])],
    [
      'a jump that is written inside a repeated section',
      '1 1 2 3 2 3 1 2 3',
      piece(['', backward()], [forward, daCapo], ['', backward()]),
    ],
    ['a repeat in the coda', '1 2 1 3 3', piece(['', toCoda], ['', daCapo], [coda + forward, backward()])],
    [
      'the last ending after a jump',
      '1 2 1 3 4 1 3',
      piece([forward], [ending('1', 'start'), backward()], [ending('2', 'start'), fine], ['', daCapo]),
    ],
    ['endings of a jump', '1 2 1 3', piece([], [ending('1', 'start'), daCapo], [ending('2', 'start')])],
    ['a movement after a fine', '1 2 1 3 4 3 4', piece(['', fine], ['', daCapo], [forward], ['', backward()])],
    ['the last segno', '1 2 2 3 3', piece([], [segno, dalSegno], [segno, dalSegno])],
    ['a segno in a measure with a change', '1 2 2', piece([], [segno, `<sound tempo="90"/>${dalSegno}`])],
    ['a fine without a jump', '1 2', piece(['', fine], [])],
    ['words', '1 2 3 1 2', piece([], ['', words('Fine')], ['', words('D.C. al Fine')])],
    [
      'signs without sound',
      '1 2 3 4 2 5',
      piece([], [drawn('<segno/>'), drawn('<coda/>')], [], ['', words('D.S. al Coda')], [drawn('<coda/>')]),
    ],
    [
      'a coda sign beside words',
      '1 2 1 3',
      piece(['', words('To Coda')], ['', words('D.C. al Coda')], [drawn('<coda/>')]),
    ],
  ];
  for (const [name, order, text] of rows) {
    it(`plays ${name} as ${order}, and exports it`, async () => {
      const score = await read(text);
      assert.equal(orderOf(score), order);
      const bytes = Buffer.concat(await Array.fromAsync(exportScore(score, 'musicxml')));
      assert.equal(differenceOfScores(score, await read(bytes)), null);
      assert.equal(differenceOfScores(score, readJson([...writeJson(score)].join(''), defaultScoreLimits)), null);
      const midi = await read(Buffer.concat(await Array.fromAsync(exportScore(score, 'midi'))));
      assert.equal(differenceOfMidi(score, midi), null);
      assert.equal(midi.notes.count, order.split(' ').length);
      assert.equal(score.notes.count, score.measures.length, 'the written score has each measure once');
    });
  }

  it('reads repeats of a later part and warns about repeats inside a measure', async () => {
    const note = '<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>';
    const text = `<score-partwise><part-list><score-part id="P1"/><score-part id="P2"/></part-list>
      <part id="P1"><measure number="1">${note}</measure></part>
      <part id="P2"><measure number="1"><barline location="middle"><repeat direction="forward"/></barline>${note}${backward()}</measure></part></score-partwise>`;
    const score = await read(text);
    assert.equal(orderOf(score), '1 1');
    assert.match(score.warnings.join(), /part "P2", measure 1: a repeat inside the measure is ignored/);
  });

  it('warns about what it does not play', async () => {
    const again = '<barline location="right"><repeat direction="backward" after-jump="yes"/></barline>';
    const some = piece(['', again], ['', dalSegno], [coda, toCoda]).replace('<note>', '<note time-only="1">');
    const score = await read(some);
    assert.equal(orderOf(score), '1 1 2 3');
    assert.deepEqual(score.warnings, [
      'part "P1", measure 1: a note for some repetitions is played in all of them',
      'part "P1", measure 1: a repeat is not played again after a jump',
      'measure 2: a dal segno without a segno before it is not played',
      'measure 3: a jump to a coda that does not follow is not played',
    ]);
  });

  for (const [text, marks] of [
    ['D.C. al Fine', ['da capo']],
    ['D. C.', ['da capo']],
    ['DC', ['da capo']],
    ['M.D.C.', ['da capo']],
    ['(D C al Fine)', ['da capo']],
    ['Menuetto da capo', ['da capo']],
    ['gli DC', []],
    ['D.S. al Coda', ['dal segno']],
    ['dal Segno', ['dal segno']],
    ['Fine', ['fine']],
    ['(Fine)', ['fine']],
    ['To Coda', ['to coda']],
    ['Coda', []],
    ['d.h. cresc.', []],
    ['dcresc. 2nd CD', []],
    ['fine e dolce', []],
  ] as const) {
    it(`reads "${text}" as ${marks.join() || 'no mark of its measure'}`, async () => {
      assert.deepEqual((await read(piece([segno], ['', words(text)], [coda]))).measures[1]?.marks, marks);
    });
  }

  it('keeps endings if another part has brackets without numbers', async () => {
    const note = '<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>';
    const part = (id: string, number: string) =>
      `<part id="${id}"><measure>${note}</measure><measure>${ending(number, 'start')}${note}${backward()}</measure><measure>${note}</measure></part>`;
    const list = '<part-list><score-part id="P1"/><score-part id="P2"/></part-list>';
    const score = await read(`<score-partwise>${list}${part('P1', '1')}${part('P2', ' ')}</score-partwise>`);
    assert.equal(orderOf(score), '1 2 1 3');
  });

  it('restores tempo, time and key at the target of a jump', async () => {
    const tempo = (quarters: number) => `<sound tempo="${quarters}"/>`;
    const text = piece([tempo(60)], [forward], [tempo(90), backward()], []);
    const performed = performedScore(await read(text));
    assert.deepEqual(
      performed.tempos.map(({ tick, quartersPerMinute }) => [tick, quartersPerMinute]),
      [
        [0, 60],
        [8, 90],
        [12, 60],
        [16, 90],
      ],
    );
    const tied = piece([forward], ['', backward()], [])
      .replaceAll(/<step>[CDE]/g, '<step>C')
      .replace('</duration>', '</duration><tie type="start"/>')
      .replace(/(.*)<\/duration>/s, '$1</duration><tie type="stop"/>')
      .replace('</duration></note><barline', '</duration><tie type="stop"/><tie type="start"/></note><barline');
    const heard = soundingNotes(performedScore(await read(tied))).map(({ onset, end }) => [onset, end]);
    assert.deepEqual(heard, [
      [0, 8],
      [8, 20],
    ]);
  });

  it('exports MIDI that another library reads', async () => {
    const score = await read(
      piece([forward], ['', `${ending('1', 'stop', 'right')}${backward()}`], [ending('2', 'start')]),
    );
    const [, track = []] = parseMidi(Buffer.concat(await Array.fromAsync(exportScore(score, 'midi')))).tracks;
    const keys = track.flatMap((event) => (event.type === 'noteOn' ? [event.noteNumber] : []));
    assert.deepEqual(keys, [60, 62, 60, 64]);
  });

  it('limits the number of played measures', async () => {
    const nested = Array.from({ length: 14 }, (): [string, string] => [forward, '']);
    const ends = Array.from({ length: 14 }, (): [string, string] => ['', backward(' times="100"')]);
    const score = await read(piece(...nested, ...ends).replaceAll('undefined', 'C'));
    assert.equal(countPlayed(score.measures, 1_000), null);
    assert.equal(await codeOf(Array.fromAsync(exportScore(score, 'midi'))), '413 SCORE_TOO_LARGE');
  });
});
