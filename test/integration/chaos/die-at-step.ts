/**
 * Preloaded into a program under test with `--import`: kills it by SIGKILL at one exact step. A
 * step is the start of a call that changes something outside (engine, Toxiproxy), or the moment at
 * which a line becomes durable. Between two steps a program changes only its own memory, so from
 * outside every death looks like a death at a step. Counting starts with the first request that
 * ENCORE_TEST_DIE_AFTER names.
 */
import diagnostics from 'node:diagnostics_channel';
import { open } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';

const diesAt = Number(process.env['ENCORE_TEST_DIE_AT']);
const begins = process.env['ENCORE_TEST_DIE_AFTER'];
let counting = false;
let steps = 0;

function step(): void {
  if (!counting) return;
  steps += 1;
  if (steps === diesAt) process.kill(process.pid, 'SIGKILL');
}

const on = <Message>(channel: string, hear: (message: Message) => void): void =>
  diagnostics.subscribe(channel, (message) => hear(message as Message));
const stepUnlessRead = ({ method }: { method: string }): void => {
  if (method !== 'GET') step();
};

on<{ request: IncomingMessage }>('http.server.request.start', ({ request }) => {
  counting ||= `${request.method} ${request.url}` === begins;
});
// Calls of dockerode.
on<{ request: ClientRequest }>('http.client.request.start', ({ request }) => stepUnlessRead(request));
// Calls of fetch.
on<{ request: { method: string } }>('undici:client:sendHeaders', ({ request }) => stepUnlessRead(request));

const file = await open('/dev/null');
const fileHandle: { datasync(): Promise<void> } = Object.getPrototypeOf(file);
await file.close();
const { datasync } = fileHandle;
fileHandle.datasync = async function (this: unknown): Promise<void> {
  await datasync.call(this);
  step();
};
