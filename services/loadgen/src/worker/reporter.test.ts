import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Report } from './messages.ts';
import { Reporter } from './reporter.ts';

describe('reporter', () => {
  it('keeps 300 characters of a detail, and accepts a check without one', () => {
    const reports: Report[] = [];
    const reporter = new Reporter(['read'], (report) => reports.push(report));
    const ids = { attemptId: 'a', operationId: 'o', operation: 'read', user: 1, request: 'GET /' };
    const record = { ...ids, outcome: 'corrupt', startedAt: 1, endedAt: 2, bytesSent: 0, bytesReceived: 0 } as const;
    for (const detail of ['x'.repeat(301), undefined as unknown as string])
      reporter.attemptEnded({ ...record, detail });
    reporter.flush();
    assert.deepEqual(
      reports.flatMap(({ failures }) => failures.map(({ detail }) => detail)),
      ['x'.repeat(300), 'undefined'],
    );
  });
});
