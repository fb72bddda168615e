import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { detectFormat } from './format.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('detectFormat', () => {
  const partwise = '<score-partwise version="4.0">';
  const cases: [string, Uint8Array, ReturnType<typeof detectFormat>][] = [
    ['plain partwise', bytes(partwise), 'musicxml'],
    ['timewise after a declaration', bytes('<?xml version="1.0"?>\n<score-timewise>'), 'musicxml'],
    [
      'DOCTYPE and comment before the root',
      bytes(`<!-- <html> --><!DOCTYPE score-partwise PUBLIC "a" "b">${partwise}`),
      'musicxml',
    ],
    ['DOCTYPE with an internal subset', bytes(`<!DOCTYPE score-partwise [<!ENTITY a "b>">]>${partwise}`), 'musicxml'],
    ['UTF-8 byte order mark', bytes(`\uFEFF${partwise}`), 'musicxml'],
    ['UTF-16 with a byte order mark', Buffer.from(`\uFEFF${partwise}`, 'utf16le'), 'musicxml'],
    ['UTF-16 without a byte order mark', Buffer.from(partwise, 'utf16le'), 'musicxml'],
    ['big-endian UTF-16', Buffer.from(`\uFEFF${partwise}`, 'utf16le').swap16(), 'musicxml'],
    ['a root element beyond the head', bytes(`<?xml version="1.0"?><!-- ${'x'.repeat(5000)}`), 'musicxml'],
    ['ZIP', bytes('PK\u0003\u0004rest'), 'mxl'],
    ['MIDI', bytes('MThd\0\0\0\u0006'), 'midi'],
    ['MIDI in a RIFF container', bytes('RIFF\u0010\0\0\0RMIDdata'), 'midi'],
    ['audio in a RIFF container', bytes('RIFF\u0010\0\0\0WAVEfmt '), null],
    ['another XML document', bytes('<?xml version="1.0"?><svg/>'), null],
    ['HTML', bytes('<!DOCTYPE html><html>'), null],
    ['text', bytes('C4 D4 E4'), null],
    ['nothing', new Uint8Array(0), null],
    ['a lone MT', bytes('MT'), null],
  ];
  for (const [name, head, format] of cases) {
    it(`${name}: ${format}`, () => assert.equal(detectFormat(head), format));
  }
});
