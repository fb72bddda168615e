import assert from 'node:assert/strict';
import * as limits from '@encore/contracts/load-limits';
import { describe, it } from 'mocha';

describe('limits of the load', () => {
  it('let no caller give up before the work ends, even if its last call blocks the thread', () => {
    const { loadingMs, preparationMs, finalReadBackMs, sampleMs, graceMs, usersEndMs, idleThreadMs } = limits;
    assert.ok(limits.checkTimeoutMs > loadingMs);
    assert.ok(limits.startTimeoutMs > loadingMs + preparationMs + idleThreadMs);
    assert.ok(limits.stopTimeoutMs > graceMs + usersEndMs + preparationMs + idleThreadMs);
    assert.ok(limits.stopTimeoutMs > sampleMs + idleThreadMs);
    assert.ok(limits.readBackTimeoutMs > loadingMs + finalReadBackMs + idleThreadMs);
    assert.ok(limits.finalReadBackMs > 2 * limits.readBackCallMs + idleThreadMs);
  });
});
