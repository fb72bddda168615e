/**
 * Finds out what a worker thread is executing, even if it never returns to its event loop: pauses
 * it with the debugger and reads the innermost frame of the workload.
 */
import { Session } from 'node:inspector/promises';

interface CallFrame {
  location: { scriptId: string; lineNumber: number; columnNumber?: number };
}

interface Message {
  method?: string;
  params?: { scriptId: string; url: string; callFrames: CallFrame[] };
}

/** Innermost first. */
type Place = { url: string; line: number; column: number };

/** A busy machine takes seconds to attach. */
const timeoutMs = 10_000;

/** `folder`: URL of the workload's folder. Null if the thread does not pause in time. */
export async function locateThread(threadId: number, folder: string): Promise<string | null> {
  const session = new Session();
  session.connect();
  try {
    const places = await Promise.race([pausedPlaces(session, threadId), expired()]);
    const place = places?.find(({ url }) => url.startsWith(folder));
    return place === undefined ? null : `${place.url.slice(folder.length)}:${place.line}:${place.column}`;
  } finally {
    session.disconnect();
  }
}

async function pausedPlaces(session: Session, threadId: number): Promise<Place[]> {
  const paused = Promise.withResolvers<CallFrame[]>();
  const urls = new Map<string, string>();
  let attachedTo: string | null = null;
  const post = (method: string) =>
    session.post('NodeWorker.sendMessageToWorker', {
      sessionId: attachedTo ?? '',
      message: JSON.stringify({ id: 1, method }),
    });
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    if (workerInfo.title !== '' && !workerInfo.title.includes(`[worker ${threadId}]`)) return;
    attachedTo = sessionId;
    void post('Debugger.enable').then(() => post('Debugger.pause'));
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => {
    const { method, params } = JSON.parse(message) as Message;
    if (params === undefined) return;
    if (method === 'Debugger.scriptParsed') urls.set(params.scriptId, params.url);
    if (method === 'Debugger.paused') paused.resolve(params.callFrames);
  });
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const frames = await paused.promise;
  await post('Debugger.resume');
  await session.post('NodeWorker.detach', { sessionId: attachedTo ?? '' });
  return frames.map(({ location: { scriptId, lineNumber, columnNumber = 0 } }) => {
    return { url: urls.get(scriptId) ?? '', line: lineNumber + 1, column: columnNumber + 1 };
  });
}

function expired(): Promise<null> {
  return new Promise((done) => setTimeout(() => done(null), timeoutMs).unref());
}
