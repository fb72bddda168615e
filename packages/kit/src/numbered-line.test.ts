import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { canonicalJson, crcHex } from './canonical-json.ts';
import { decodeLine, encodeLine } from './numbered-line.ts';

describe('numbered line', () => {
  it('starts with the CRC of the rest of the line', () => {
    const text = encodeLine({ n: 17, at: 5 });
    assert.equal(text, `{"crc":"${crcHex('{"at":5,"n":17}')}","at":5,"n":17}`);
    const { crc, ...rest } = JSON.parse(text);
    assert.equal(crc, crcHex(canonicalJson(rest)));
    assert.deepEqual(decodeLine(text, 'n'), { ok: true, number: 17, members: { crc, at: 5, n: 17 } });
  });

  it('is rejected if any single bit differs', () => {
    const whole = encodeLine({ n: 17, key: 'r1-u7-3-w1', hash: 'ab\u2028ü', at: 1795585227164.554 });
    fc.assert(
      fc.property(fc.nat(Buffer.byteLength(whole) - 1), fc.nat(7), (offset, bit) => {
        const bytes = Buffer.from(whole);
        bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
        assert.equal(decodeLine(bytes.toString(), 'n').ok, false);
      }),
    );
  });

  it('reports what is wrong and what was expected', () => {
    const whole = encodeLine({ n: 17 });
    const changed = whole.replace('17', '18');
    const crc = whole.slice(8, 16);
    const problemOf = (text: string): string => {
      const decoded = decodeLine(text, 'n');
      return decoded.ok ? '' : `${decoded.problem.kind}: ${decoded.problem.text}`;
    };
    const computed = crcHex('{"n":18}');
    assert.equal(problemOf(changed), `damaged: wrong CRC: recorded ${crc}, computed ${computed}`);
    assert.match(problemOf(whole.slice(0, -1)), /^invalid_json: not valid JSON/);
    assert.equal(problemOf('{"n":17}'), 'checksum_missing: no CRC at the start of the line');
    assert.equal(problemOf(encodeLine({ m: 17 })), 'damaged: no number (n)');
  });
});
