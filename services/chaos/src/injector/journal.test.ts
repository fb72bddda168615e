import assert from 'node:assert/strict';
import { AppendFile } from '@encore/kit';
import { describe, it } from 'mocha';
import { linesOf } from './journal.ts';

describe('Journal', () => {
  it('names its volume when the volume is full', async function () {
    if (process.platform !== 'linux') this.skip();
    const sink = linesOf(await AppendFile.open('/dev/full'));
    await assert.rejects(sink.append({ line: 'run_over', at: 1, runId: 'r1' }), {
      code: 'JOURNAL_UNWRITABLE',
      status: 507,
      message: /journal cannot be written \(.*ENOSPC.*\); make the volume "journal" writable, or free space on it/,
    });
    await sink.close();
  });
});
