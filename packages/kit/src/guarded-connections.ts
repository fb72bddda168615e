/**
 * autocannon's connections, made fit for a server that goes away. As they are, they reconnect in a hot loop, match later answers with
 * requests that were lost, wait for ever for the rest of a cut answer, and count a polite close as nothing. On each reconnect this
 * guard counts what was pending as lost, forgets it, begins the parser anew and waits a little longer than the time before.
 * It uses private members of autocannon 9.0.0: the version is pinned, and the tests of those who press (the load generator's baseline, the
 * guard's surge) make each of those defects.
 */

/** What it uses of a connection that is part of autocannon's interface. */
interface Client {
  on: (event: 'response', listener: () => void) => unknown;
}

/** What it uses beside that. */
interface PrivateClient {
  destroyed: boolean;
  pipelinedRequests: { size: () => number; clear: () => void };
  parser: { initialize: (type: 'RESPONSE') => void };
  _connect: () => void;
}

const firstDelayMs = 50;
const longestDelayMs = 2_000;

/** Returns a `setupClient`; `lost` is told of every request that will have no answer. */
export function guardConnections(lost: (requests: number) => void): (client: Client) => void {
  return (client) => {
    const guarded = client as unknown as PrivateClient;
    const connect = guarded._connect;
    let delayMs = 0;
    let waiting = false;
    let connectedBefore = false;
    client.on('response', () => {
      delayMs = 0;
    });
    guarded._connect = function guardedConnect(): void {
      if (!connectedBefore) {
        connectedBefore = true;
        connect.call(guarded);
        return;
      }
      // An error and the end of the same connection ask for two new ones.
      if (waiting) return;
      waiting = true;
      lost(guarded.pipelinedRequests.size());
      guarded.pipelinedRequests.clear();
      guarded.parser.initialize('RESPONSE');
      delayMs = Math.min(longestDelayMs, Math.max(firstDelayMs, delayMs * 2));
      setTimeout(
        () => {
          waiting = false;
          if (!guarded.destroyed) connect.call(guarded);
        },
        delayMs * (0.5 + Math.random()),
      ).unref();
    };
  };
}
