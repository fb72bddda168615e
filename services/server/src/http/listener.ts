/**
 * A listening port with strict limits against slow clients. It can stop without dropping admitted
 * requests.
 */
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '@encore/kit';
import { refuseTunnel, rejectBrokenRequest, unknownExpectation } from './broken-request.ts';
import { sendError } from './error-response.ts';

export interface ListenerOptions {
  host: string;
  port: number;
  requestTimeoutMs: number;
  maxConnections: number;
}

export interface Listener {
  readonly port: number;
  /**
   * Answers requests for a moment longer, then refuses connections, lets admitted requests finish,
   * and closes the rest at the deadline. Returns true if all of them finished.
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** A client that takes longer to send its head is disconnected. */
const headersTimeoutMs = 5_000;
/**
 * Longer than any client of the lab keeps an idle connection, so that no connection closes under a
 * new request.
 */
const keepAliveTimeoutMs = 75_000;
/**
 * While stopping, requests are still accepted for this long: those that are in transit on idle
 * connections would be lost otherwise. Their responses have Connection: close.
 */
const idleGraceMs = 500;
const stopCheckMs = 50;

export async function openListener(app: RequestListener, options: ListenerOptions): Promise<Listener> {
  /** Responses that are not complete. */
  const open = new Set<ServerResponse>();
  let stopping = false;
  const server = createServer(
    {
      // Node refuses one that is longer than the request timeout.
      headersTimeout: Math.min(headersTimeoutMs, options.requestTimeoutMs),
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 500,
      maxHeaderSize: 16_384,
      // We reject a missing Host header ourselves, so that it gets the same error body as an
      // unknown one.
      requireHostHeader: false,
      keepAlive: true,
    },
    (request, response) => {
      open.add(response);
      response.once('close', () => open.delete(response));
      if (stopping) response.setHeader('connection', 'close');
      app(request, response);
    },
  );
  server.on('clientError', (error, socket) => {
    const pending = [...open].filter(({ req }) => req.socket === socket);
    rejectBrokenRequest(
      error,
      socket,
      pending.some(({ req, headersSent }) => req.complete || headersSent),
      pending.at(-1)?.req.url,
    );
  });
  server.on('checkExpectation', (_request, response) => sendError(response, unknownExpectation()));
  server.on('connect', (_request, socket) => refuseTunnel(socket));
  server.maxConnections = options.maxConnections;
  // Disconnects a client that does not read its responses. Refusals have no other deadline.
  server.timeout = options.requestTimeoutMs + 5_000;
  await once(server.listen({ port: options.port, host: options.host, backlog: 1_024 }), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async (deadlineMs) => {
      const startedAt = performance.now();
      stopping = true;
      for (const response of open) {
        if (!response.headersSent) response.setHeader('connection', 'close');
      }
      await sleep(Math.min(idleGraceMs, deadlineMs));
      // Also closes the idle connections.
      const closed = new Promise<void>((done) => server.close(() => done()));
      while (open.size > 0 && performance.now() - startedAt < deadlineMs) await sleep(stopCheckMs);
      const drained = open.size === 0;
      // Only incomplete heads are left; after the deadline, responses too.
      server.closeAllConnections();
      await closed;
      return drained;
    },
  };
}
