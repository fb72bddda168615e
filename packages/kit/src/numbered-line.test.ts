import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { canonicalJson, crcHex } from './canonical-json.ts';
import { decodeLine, sealLine } from './numbered-line.ts';

describe('a numbered line', () => {
  it('begins with the CRC of the rest of it', () => {
    const text = sealLine({ n: 17, at: 5 });
    assert.equal(text, `{"crc":"${crcHex('{"at":5,"n":17}')}","at":5,"n":17}`);
    const { crc, ...rest } = JSON.parse(text);
    assert.equal(crc, crcHex(canonicalJson(rest)));
    assert.deepEqual(decodeLine(text, 'n'), { ok: true, number: 17, members: { crc, at: 5, n: 17 } });
  });

  it('is not believed when any one bit of it is another', () => {
    const whole = sealLine({ n: 17, key: 'r1-u7-3-w1', hash: 'ab\u2028ü', at: 1795585227164.554 });
    fc.assert(
      fc.property(fc.nat(Buffer.byteLength(whole) - 1), fc.nat(7), (place, bit) => {
        const bytes = Buffer.from(whole);
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        assert.equal(decodeLine(bytes.toString(), 'n').ok, false);
      }),
    );
  });

  it('says what is wrong, and what would be right', () => {
    const whole = sealLine({ n: 17 });
    const changed = whole.replace('17', '18');
    const crc = whole.slice(8, 16);
    const problemOf = (text: string): string => {
      const decoded = decodeLine(text, 'n');
      return decoded.ok ? '' : `${decoded.flaw}: ${decoded.problem}`;
    };
    const right = crcHex('{"n":18}');
    assert.equal(problemOf(changed), `damaged: wrong CRC: it says ${crc}, and the rest of the line has ${right}`);
    assert.match(problemOf(whole.slice(0, -1)), /^no_json: no JSON/);
    assert.equal(problemOf('{"n":17}'), 'unsealed: no CRC at its beginning');
    assert.equal(problemOf(sealLine({ m: 17 })), 'damaged: no number (n)');
  });
});
