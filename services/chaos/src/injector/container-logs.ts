/**
 * Reads the logs of this project's containers through the engine, at most `maxLogBytes` of each.
 */
import { EncoreError } from '@encore/kit';
import { type ContainerSummary, type Engine, label, serviceOf } from './engine.ts';

export const maxLogBytes = 5_000_000;
/** Lines requested from the engine; at the usual 200 bytes per line, they make 5 MB. */
const maxLines = 25_000;
const callMs = 10_000;

interface Source {
  readonly engine: Engine;
  readonly project: string;
  readonly deadline: (ms: number) => AbortSignal;
}

/** The targets and other services whose logs can be read, sorted by name. */
export async function servicesWithLogs(source: Source): Promise<string[]> {
  return [...new Set((await containersOf(source)).flatMap((container) => serviceOf(container) ?? []))].sort();
}

/**
 * Returns the end of a service's log since `sinceMs` (epoch milliseconds); it begins with a whole
 * line.
 */
export async function serviceLog(source: Source, service: string, sinceMs: number): Promise<string> {
  const container = (await containersOf(source)).find((candidate) => serviceOf(candidate) === service);
  if (container === undefined)
    throw new EncoreError('NOT_FOUND', `the project ${source.project} has no service ${service}`);
  const text = plainText(await source.engine.logs(container.id, sinceMs, maxLines, source.deadline(callMs)));
  if (text.length <= maxLogBytes) return text.toString();
  const end = text.subarray(text.length - maxLogBytes);
  return end.subarray(end.indexOf('\n') + 1).toString();
}

/**
 * Excludes containers of `docker compose run`: they own a terminal, and their output is a screen.
 */
async function containersOf({ engine, project, deadline }: Source): Promise<ContainerSummary[]> {
  const listed = await engine.list(project, deadline(callMs));
  return listed.filter(({ labels }) => labels[label.service] !== undefined && labels[label.oneoff] !== 'True');
}

const headerBytes = 8;

/**
 * Removes the frames of the engine's stream: one byte for stdout or stderr, three zeros, four bytes
 * of length (big endian). Source: Docker Engine API, "Attach to a container", stream format.
 */
function plainText(framed: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at + headerBytes <= framed.length; ) {
    const end = at + headerBytes + framed.readUInt32BE(at + 4);
    chunks.push(framed.subarray(at + headerBytes, end));
    at = end;
  }
  return Buffer.concat(chunks);
}
