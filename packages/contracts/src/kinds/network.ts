/** Kinds that impair the connections of a proxy, or cut a container off. */
import { z } from 'zod';
import { cut, direction, held, kind, none, proxied } from './entry-parts.ts';

/** Toxiproxy must be able to drain the data that a toxic delays. */
const maxDelayMs = 1_000;
const drained =
  'The injector removes the toxic. If the toxic holds data, the injector first disables the proxy briefly to drain it.';
const removed = 'The injector removes the toxic.';

const timeoutMs = (description: string) => z.int().min(0).max(60_000).default(0).describe(description);

export const network = {
  latency: kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['banner'],
    params: z.strictObject({
      latencyMs: z.int().min(1).max(maxDelayMs).default(300).describe('the delay'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Delays all data by a fixed time.',
    revertedBy: drained,
    usersSee: 'Responses are slow. On the proxy of a database, operations with many statements slow down most.',
    pitfalls:
      'Toxiproxy can freeze permanently when a latency toxic is removed under load. The injector therefore drains the proxy first, which drops connections; these failures belong to the fault.',
  }),
  jitter: kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['banner'],
    params: z
      .strictObject({
        latencyMs: z.int().min(1).max(maxDelayMs).default(200).describe('the mean delay'),
        jitterMs: z
          .int()
          .min(0)
          .max(maxDelayMs)
          .default(150)
          .describe('the largest deviation from the mean, up or down'),
        direction: direction('downstream'),
      })
      .refine(({ latencyMs, jitterMs }) => latencyMs + jitterMs <= maxDelayMs, {
        message: `latencyMs plus jitterMs must be at most ${maxDelayMs}, so that Toxiproxy can drain delayed data`,
      }),
    behaviour: proxied,
    does: 'Delays all data by a varying time.',
    revertedBy: drained,
    usersSee: 'Response times vary; the bytes stay in order.',
    pitfalls:
      'The delays are not reproducible: Toxiproxy’s seed has no effect. The proxy is drained before the removal, as for latency.',
  }),
  bandwidth: kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['http'],
    params: z.strictObject({
      kilobytesPerSecond: z.int().min(1).default(128).describe('the data rate of each connection'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Limits the data rate.',
    revertedBy: drained,
    usersSee: 'Small responses arrive as usual; large ones are slow.',
    pitfalls: 'Several connections together may exceed the rate.',
  }),
  'slow-close': kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['http'],
    params: z.strictObject({
      delayMs: z.int().min(0).max(60_000).default(1_000).describe('the delay'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Delays the end of each connection.',
    revertedBy: drained,
    usersSee:
      'Nothing on reused connections; a response with neither a Content-Length nor chunked encoding ends late, because only the close of the connection ends it.',
    pitfalls: 'A client with a connection pool hardly notices it.',
  }),
  slicer: kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['http'],
    params: z.strictObject({
      sliceBytes: z.int().min(1).default(64).describe('the size of a slice'),
      sliceDelayMicroseconds: z.int().min(0).default(10_000).describe('the pause after each slice'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Cuts the data into slices, with a pause after each.',
    revertedBy: drained,
    usersSee: 'Headers and bodies arrive in pieces; a parser that expects a whole message per read breaks.',
    pitfalls: 'Large bodies take a very long time, so keep the duration short.',
  }),
  'limit-data': kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['http'],
    params: z.strictObject({
      bytes: z.int().min(1).default(2_048).describe('how many bytes each connection may carry'),
      direction: direction('downstream'),
    }),
    behaviour: proxied,
    does: 'Closes each connection after a given number of bytes.',
    revertedBy: removed,
    usersSee: 'Bodies are truncated, on reused connections even small ones.',
    pitfalls: 'A client that does not check the length mistakes half a document for a whole one.',
  }),
  timeout: kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['exchange'],
    params: z.strictObject({
      timeoutMs: timeoutMs('time until a connection is closed; 0 keeps it open until the revert'),
      // If it were downstream, the target would receive each request and close the connection
      // early.
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Accepts connections and drops all data.',
    revertedBy: 'The injector removes the toxic, which closes the affected connections.',
    usersSee: 'Requests time out; the revert cuts off those in flight.',
    pitfalls: 'The revert itself causes errors, which belong to the fault’s window.',
  }),
  'reset-peer': kind({
    actsOn: 'proxy',
    group: 'network',
    needs: ['exchange'],
    params: z.strictObject({
      timeoutMs: timeoutMs('time from the first data on a connection to its reset'),
      direction: direction('upstream'),
    }),
    behaviour: cut,
    does: 'Resets each connection once data has been sent on it.',
    revertedBy: removed,
    usersSee: 'Connections are reset by the peer; the target may have received the request.',
    pitfalls:
      'Only a connection that was opened after the injection gets a real RST; older ones are closed normally (FIN).',
  }),
  'connection-refused': kind({
    actsOn: 'proxy',
    group: 'network',
    params: none,
    behaviour: cut,
    does: 'Closes the proxy’s listener and its connections.',
    revertedBy: 'The injector opens the listener again.',
    usersSee: 'New connections are refused immediately; in-flight requests are cut off.',
    pitfalls: 'A dead target behind a proxy looks different: the proxy accepts a connection, then closes it.',
  }),
  partition: kind({
    actsOn: 'container',
    group: 'network',
    needs: ['networks', 'only-replica', 'banner'],
    params: none,
    behaviour: { ...held, totalOutage: true, forbidsStart: true, actions: ['connect', 'disconnect'] },
    does: 'Disconnects the target from every network that it shares with the proxy; its health port stays reachable.',
    revertedBy: 'The injector reconnects it with its previous aliases and address, which are in the journal.',
    usersSee:
      'The proxy accepts connections but cannot reach the target: open ones are cut off, new ones hang until the proxy’s dial times out.',
    pitfalls:
      'A reconnect without aliases loses the service’s name. The first lookup afterwards may still return a cached negative answer.',
  }),
} as const;
