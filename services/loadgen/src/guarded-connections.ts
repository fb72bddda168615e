/**
 * Makes autocannon's connections survive a server that goes away. Without it, a connection
 * reconnects in a hot loop, assigns later responses to lost requests, waits forever for the rest of
 * a truncated response, and ignores a clean close. On each reconnect, this guard counts the pending
 * requests as lost, clears them, resets the parser and backs off.
 *
 * It uses private members of autocannon 9.0.0, so the version is pinned. The tests of its users
 * (the capacity test and the traffic spike) reproduce each of these defects.
 */

/** The part of autocannon's public client interface that this module uses. */
interface Client {
  on: (event: 'response', listener: () => void) => unknown;
}

/** The private members that this module uses. */
interface PrivateClient {
  destroyed: boolean;
  pipelinedRequests: { size: () => number; clear: () => void };
  parser: { initialize: (type: 'RESPONSE') => void };
  _connect: () => void;
}

const firstDelayMs = 50;
const maxDelayMs = 2_000;

/** Returns a `setupClient` function. `onLost` receives the number of lost requests. */
export function guardConnections(onLost: (requests: number) => void): (client: Client) => void {
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
      // An error and the end of the same connection both request a reconnect.
      if (waiting) return;
      waiting = true;
      onLost(guarded.pipelinedRequests.size());
      guarded.pipelinedRequests.clear();
      guarded.parser.initialize('RESPONSE');
      delayMs = Math.min(maxDelayMs, Math.max(firstDelayMs, delayMs * 2));
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
