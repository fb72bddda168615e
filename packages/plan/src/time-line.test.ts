import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type Span, TimeLine } from './time-line.ts';

const spans: fc.Arbitrary<Span[]> = fc.array(
  fc
    .tuple(fc.nat(1_000), fc.nat(50), fc.nat(20))
    .map(([fromMs, length, recoveryMs]) => ({ fromMs, toMs: fromMs + length, recoveryMs })),
);

describe('TimeLine', () => {
  it('finds the same spans as a linear search', () => {
    fc.assert(
      fc.property(spans, fc.nat(1_000), fc.nat(50), (list, fromMs, length) => {
        const line = new TimeLine<Span>();
        for (const span of list) line.insert(span);
        const query = { fromMs, toMs: fromMs + length, recoveryMs: 0 };
        const found = new Set(line.overlapping(query));
        assert.deepEqual(found, new Set(list.filter((span) => span.fromMs <= query.toMs && span.toMs >= query.fromMs)));
        const { before, after } = line.neighbours(query);
        const starts = list.map((span) => span.fromMs).sort((a, b) => a - b);
        assert.equal(
          before?.fromMs,
          starts.findLast((start) => start <= fromMs),
        );
        assert.equal(
          after?.fromMs,
          starts.find((start) => start > fromMs),
        );
        const covered = new Set(
          list.flatMap((span) =>
            Array.from(
              { length: Math.max(0, Math.min(span.toMs + span.recoveryMs, 900) - span.fromMs) },
              (_, i) => span.fromMs + i,
            ),
          ),
        );
        assert.equal(line.occupiedMs(900), covered.size);
      }),
    );
  });
});
