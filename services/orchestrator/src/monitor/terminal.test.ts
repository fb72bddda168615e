import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { terminalOf } from './terminal.ts';

describe('terminalOf', () => {
  it('detects a terminal with a movable cursor; null for a pipe or a dumb terminal', () => {
    const [stdin, stdout] = [{ isTTY: true } as NodeJS.ReadStream, { isTTY: true } as NodeJS.WriteStream];
    assert.notEqual(terminalOf(stdin, stdout, { TERM: 'xterm' }), null);
    assert.equal(terminalOf(stdin, stdout, { TERM: 'dumb' }), null);
    assert.equal(terminalOf(stdin, { isTTY: false } as NodeJS.WriteStream, { TERM: 'xterm' }), null);
  });
});
