/** Acknowledges every 10,000th new score without storing it. */
import { FakeServer } from '../../../services/loadgen/src/testing/fake-server.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/loadgen/src/testing/fake-server.ts';

const right = FakeServer.prototype.write;
let acknowledged = 0;

FakeServer.prototype.write = function write(...request) {
  const written = right.apply(this, request);
  if (typeof written === 'number' || written.replayed) return written;
  acknowledged += 1;
  if (acknowledged % 10_000 !== 0) return written;
  const [id, , key] = request;
  this.scores.delete(id);
  this.keys.delete(key);
  trigger();
  return written;
};
