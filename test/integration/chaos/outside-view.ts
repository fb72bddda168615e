/** What a client sees of the toy lab, measured here, independently of the chaos service. */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Place, ToyLab } from './toy-programs.ts';

export interface View {
  /** The error's code, 'silent' when no response came in time, or null. */
  error: string | null;
  connectMs: number | null;
  firstByteMs: number | null;
  totalMs: number;
  bytes: number;
  chunks: number;
  text: string;
}

/** One GET on a new connection; ends when the connection does. */
export function get({ host, port }: Place, path = '/', timeoutMs = 3_000): Promise<View> {
  return new Promise((resolve) => {
    const from = performance.now();
    const passed = () => performance.now() - from;
    const view: View = { error: null, connectMs: null, firstByteMs: null, totalMs: 0, bytes: 0, chunks: 0, text: '' };
    const finish = (error: string | null) => {
      clearTimeout(timer);
      call.destroy();
      resolve({ ...view, error, totalMs: passed() });
    };
    const timer = setTimeout(() => finish('silent'), timeoutMs);
    const call = request({ host, port, path, agent: false }, (answer) => {
      answer.on('data', (chunk: Buffer) => {
        view.firstByteMs ??= passed();
        view.bytes += chunk.length;
        view.chunks += 1;
        if (view.text.length < 1_000) view.text += String(chunk);
      });
      answer.once('end', () => view.bytes > 0 && finish(answer.complete ? null : 'cut'));
      answer.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    });
    call.once('socket', (socket) => socket.once('connect', () => (view.connectMs = passed())));
    call.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    call.end();
  });
}

/** Sends PostgreSQL's request for TLS, which is answered with one byte. */
export function askDatabase({ host, port }: Place, timeoutMs = 2_000): Promise<View> {
  return new Promise((resolve) => {
    const from = performance.now();
    const passed = () => performance.now() - from;
    const view: View = { error: null, connectMs: null, firstByteMs: null, totalMs: 0, bytes: 0, chunks: 0, text: '' };
    const socket = connect(port, host);
    const finish = (error: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...view, error, totalMs: passed() });
    };
    const timer = setTimeout(() => finish('silent'), timeoutMs);
    socket.once('connect', () => {
      view.connectMs = passed();
      socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    });
    socket.once('data', (chunk) => {
      view.firstByteMs = passed();
      view.bytes = chunk.length;
      finish(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.once('end', () => finish('hang-up'));
  });
}

/** The engine's inspect output of the bystander, byte-identical if it was never touched. */
export const identityOf = async (lab: ToyLab): Promise<string> => JSON.stringify(await lab.bystander.inspect());
