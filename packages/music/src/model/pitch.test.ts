import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { keyOfSignature, nameOfKey, parseKey, respellKey, signatureOfKey } from '../keys/key-name.ts';
import {
  fifthsOfInterval,
  fifthsOfPitch,
  midiOfPitch,
  modulo,
  nameOfFifths,
  nameOfPitch,
  octaveOfSpelling,
  pitchClassOfFifths,
  spellPitchClass,
  stepOfFifths,
  stepOfName,
} from './pitch.ts';

describe('pitch on the line of fifths', () => {
  it('names spellings', () => {
    const names = [-9, -2, -1, 0, 5, 6, 7, 13].map(nameOfFifths);
    assert.deepEqual(names, ['Bbb', 'Bb', 'F', 'C', 'B', 'F#', 'C#', 'F##']);
  });

  it('distinguishes C sharp from D flat', () => {
    const cSharp = fifthsOfPitch(stepOfName('C'), 100);
    const dFlat = fifthsOfPitch(stepOfName('D'), -100);
    assert.notEqual(cSharp, dFlat);
    assert.equal(pitchClassOfFifths(cSharp), pitchClassOfFifths(dFlat));
    assert.deepEqual([nameOfFifths(cSharp), nameOfFifths(dFlat)], ['C#', 'Db']);
  });

  it('keeps the octave of spellings across the octave boundary', () => {
    assert.equal(nameOfPitch(fifthsOfPitch(0, -100), midiOfPitch(0, -100, 4)), 'Cb4');
    assert.equal(nameOfPitch(fifthsOfPitch(6, 100), midiOfPitch(6, 100, 3)), 'B#3');
  });

  it('moves by intervals: a minor third up is three fifths down', () => {
    assert.equal(fifthsOfInterval(2, 3), -3);
    assert.equal(fifthsOfInterval(-1, -2), -2);
    assert.equal(fifthsOfInterval(7, 12), 0);
  });

  it('converts between spelling and MIDI without loss', () => {
    const pitch = fc.tuple(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: -1, max: 9 }),
    );
    fc.assert(
      fc.property(pitch, ([step, alter, octave]) => {
        const fifths = fifthsOfPitch(step, alter * 100);
        const midi = midiOfPitch(step, alter * 100, octave);
        assert.equal(stepOfFifths(fifths), step);
        assert.equal(octaveOfSpelling(fifths, midi), octave);
        assert.equal(pitchClassOfFifths(fifths), modulo(midi, 12));
      }),
    );
  });

  it('spells a pitch class within twelve positions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 11 }), fc.integer({ min: -20, max: 20 }), (pitchClass, lowest) => {
        const fifths = spellPitchClass(pitchClass, lowest);
        assert.ok(fifths >= lowest && fifths < lowest + 12);
        assert.equal(pitchClassOfFifths(fifths), pitchClass);
      }),
    );
  });

  it('converts keys and signatures', () => {
    assert.equal(nameOfKey(keyOfSignature(-3, 'major')), 'Eb major');
    assert.equal(nameOfKey(keyOfSignature(4, 'minor')), 'C# minor');
    assert.equal(signatureOfKey({ tonic: 3, mode: 'minor' }), 0);
    assert.equal(nameOfKey(respellKey({ tonic: 7, mode: 'major' }, -5)), 'Db major');
    assert.equal(nameOfKey(respellKey({ tonic: -5, mode: 'minor' }, 4)), 'C# minor');
    for (const name of ['Eb major', 'C# minor', 'B major']) {
      assert.equal(nameOfKey(parseKey(name) ?? { tonic: 99, mode: 'major' }), name);
    }
    for (const wrong of ['c# minor', 'H major', 'C', 'C dorian', '']) assert.equal(parseKey(wrong), null);
  });
});
