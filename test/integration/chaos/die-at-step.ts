/**
 * Loaded into a program under test with `--import`: a SIGKILL from within, at one exact step of its
 * work. A step is the start of a call that changes the world (engine, Toxiproxy) and the moment
 * when a line was made durable. Between two steps a program changes only its own memory, so a death
 * anywhere looks from outside like a death at one of them. Steps are counted from the first request
 * that ENCORE_TEST_DIE_AFTER names.
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
// dockerode's calls.
on<{ request: ClientRequest }>('http.client.request.start', ({ request }) => stepUnlessRead(request));
// fetch.
on<{ request: { method: string } }>('undici:client:sendHeaders', ({ request }) => stepUnlessRead(request));

const file = await open('/dev/null');
const fileHandle: { datasync(): Promise<void> } = Object.getPrototypeOf(file);
await file.close();
const { datasync } = fileHandle;
fileHandle.datasync = async function (this: unknown): Promise<void> {
  await datasync.call(this);
  step();
};
