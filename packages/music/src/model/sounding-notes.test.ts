import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { read } from '../testing/read-fixture.ts';
import { nameOfPitch } from './pitch.ts';
import { soundingNotes } from './sounding-notes.ts';

/**
 * "C4:4<1/2": C4 for 4 quarters with the end of a tie (">" starts one), voice 1, staff 2. "&"
 * separates voices; R0 is a rest.
 */
function measure(text: string): string {
  const voices = text.split('&').map((voice) =>
    voice
      .trim()
      .split(' ')
      .map((token) => {
        const { step, octave, length, stop, start, number, staff } =
          /^(?<step>[A-GR])(?<octave>\d):(?<length>\d)(?<stop><?)(?<start>>?)(?<number>\d)\/(?<staff>\d)$/.exec(token)
            ?.groups ?? {};
        const pitch = step === 'R' ? '<rest/>' : `<pitch><step>${step}</step><octave>${octave}</octave></pitch>`;
        const ties = `${stop ? '<tie type="stop"/>' : ''}${start ? '<tie type="start"/>' : ''}`;
        return `<note>${pitch}<duration>${length}</duration>${ties}<voice>${number}</voice><staff>${staff}</staff></note>`;
      })
      .join(''),
  );
  return `<measure>${voices.join('<backup><duration>4</duration></backup>')}</measure>`;
}

async function soundingText(...measures: string[]): Promise<string> {
  const score = await read(
    `<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">${measures.map(measure).join('')}</part></score-partwise>`,
  );
  return soundingNotes(score)
    .map(({ onset, end, fifths, midi }) => `${nameOfPitch(fifths, midi)} ${onset}-${end}`)
    .join(', ');
}

describe('soundingNotes', () => {
  const rows: [name: string, measures: string[], expected: string][] = [
    ['a tie over two barlines', ['C4:4>1/1', 'C4:4<>1/1', 'C4:4<1/1'], 'C4 0-12'],
    [
      'a tie below another voice with the same key after the barline',
      ['G4:41/1 & C4:4>2/1', 'C4:11/1 D4:31/1 & C4:4<2/1'],
      'C4 0-8, G4 0-4, C4 4-5, D4 5-8',
    ],
    ['a tie that changes voice and staff', ['G4:4>1/1 & C3:45/2', 'B4:41/1 & G4:4<5/2'], 'C3 0-4, G4 0-8, B4 4-8'],
    [
      'two ties of one key, each ended by its own voice',
      ['C4:4>1/1 & C4:4>2/1', 'C4:1<1/1 D4:31/1 & C4:4<2/1'],
      'C4 0-5, C4 0-8, D4 5-8',
    ],
    [
      'the same with exchanged voices',
      ['C4:4>1/1 & C4:4>2/1', 'C4:4<1/1 & C4:1<2/1 D4:32/1'],
      'C4 0-8, C4 0-5, D4 5-8',
    ],
    [
      'of two voices, the one on its staff',
      ['C4:4>1/1 & C4:4>2/2', 'C4:4<5/2 & C4:1<6/1 D4:36/1'],
      'C4 0-5, C4 0-8, D4 5-8',
    ],
    [
      'two ties with different onsets, each ended by its own voice',
      ['R0:21/1 C4:2>1/1 & C4:4>2/1', 'C4:1<1/1 D4:31/1 & C4:4<2/1'],
      'C4 0-8, C4 2-5, D4 5-8',
    ],
    [
      'a chain that changed voice, beside a tie without continuation',
      ['C4:4>1/1', 'C4:4>1/1 & C4:4<>2/1', 'C4:4<2/1'],
      'C4 0-12, C4 4-8',
    ],
    ['a chain that changes voice twice', ['C4:4>1/1', 'C4:4<>2/1 & C4:41/1', 'C4:4<2/1'], 'C4 0-12, C4 4-8'],
    ['a tie without continuation', ['C4:4>1/1', 'D4:41/1', 'C4:4<1/1'], 'C4 0-4, D4 4-8, C4 8-12'],
    ['the end of a tie without a start', ['C4:4<1/1'], 'C4 0-4'],
  ];
  for (const [name, measures, expected] of rows) {
    it(`${name}: ${expected}`, async () => assert.equal(await soundingText(...measures), expected));
  }

  it('does not join a let-ring tie to the next note', async () => {
    const note = '<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration>';
    const ring = `<measure>${note}<tie type="start"/></note></measure><measure>${note}<tie type="let-ring"/></note></measure>`;
    const score = await read(
      `<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">${ring}</part></score-partwise>`,
    );
    assert.equal(soundingNotes(score).length, 2);
  });

  it('processes many tied notes of one key in linear time', async () => {
    const many = 40_000;
    const chord = (tie: string) =>
      `<measure>${Array.from({ length: many }, (_, i) => `<note>${i > 0 ? '<chord/>' : ''}<pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><tie type="${tie}"/></note>`).join('')}</measure>`;
    const score = await read(
      `<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">${chord('start')}${chord('stop')}</part></score-partwise>`,
    );
    const before = process.cpuUsage().user;
    assert.equal(soundingNotes(score).length, many);
    assert.ok((process.cpuUsage().user - before) / 1e6 < 2);
  });
});
