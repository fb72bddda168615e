/**
 * The read-back: reads every object that exists or may exist according to the ledger, and compares
 * its digest and version. A listed object that is not in the ledger is a phantom; one that is
 * listed twice is a duplicate. Writes without a response are resolved. The ledger's file is the
 * only source, and receives the results.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventOf, finalReadBackMs, type LedgerEntry, readBackCallMs } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { ListedObject, StoredObject } from '@encore/workload';
import { inParallel } from './in-parallel.ts';
import { Ledger } from './ledger.ts';
import { type ExpectedObject, LedgerState } from './ledger-state.ts';
import { runSettingsSchema, settingsFile } from './run-settings.ts';
import type { FoundObject } from './worker/messages.ts';
import type { WorkloadHost } from './workload-host.ts';

type ReadBackFinding = Extract<LedgerEntry, { type: 'read_back' }>['finding'];
export interface Finding {
  key: string;
  finding: ReadBackFinding;
}
export type ReadBackCounts = Omit<EventOf<'read_back_done'>, 'type' | 'at' | 'final'>;

const concurrency = 8;
const absenceRecheckMs = 500;

export interface ReadBackOptions {
  runId: string;
  runsDir: string;
  host: WorkloadHost;
  clock: Clock;
  signal: AbortSignal;
  progress: (done: number, total: number) => void;
}

/**
 * Rejects unless everything was read within five minutes in total: there are no partial results.
 * All counts are 0 if the workload cannot read back.
 */
export async function readBackRun({ runId, runsDir, host, clock, signal, progress }: ReadBackOptions) {
  if (!host.description.has.readBack) return zeroCounts();
  const folder = join(runsDir, runId);
  await access(join(folder, 'ledger.ndjson'));
  await using ledger = await Ledger.open(folder, clock);
  const deadlineAt = clock.now() + finalReadBackMs;
  const { parameters } = runSettingsSchema.parse(JSON.parse(await readFile(join(folder, settingsFile), 'utf8')));
  const options = () => {
    const leftMs = deadlineAt - clock.now();
    if (leftMs <= 0)
      throw new EncoreError('TIMED_OUT', `the read-back did not end within ${finalReadBackMs / 1_000} s`);
    return { run: { runId, parameters }, timeoutMs: Math.min(readBackCallMs, leftMs), signal };
  };
  return await compare({
    ledger,
    progress,
    read: async (id) => host.readBack(id, options()),
    list: host.description.has.list ? () => host.list(`${runId}-`, options()) : async function* () {},
    sleep: (ms) => clock.sleep(ms, signal),
  });
}

export interface Comparison {
  ledger: Ledger;
  read: (id: string) => Promise<FoundObject>;
  list: () => AsyncIterable<ListedObject>;
  sleep: (ms: number) => Promise<void>;
  progress: (done: number, total: number) => void;
}

async function compare(options: Comparison): Promise<ReadBackCounts> {
  const { ledger, progress } = options;
  const { objects } = await LedgerState.read(ledger.path);
  const counts = zeroCounts();
  let done = 0;
  const record = (id: string, found: FoundObject, findings: Finding[]) =>
    recordFindings(counts, ledger, id, found, findings);
  await inParallel(objects.values(), concurrency, async (object) => {
    const found = await readTwiceIfAbsent(object.id, options);
    const mustExist = object.acknowledged !== null && !object.open.some(({ operation }) => operation === 'delete');
    if (mustExist) {
      counts.acknowledged += 1;
      counts.readBack += 1;
    }
    await record(object.id, found, findingsFor(object, found));
    done += 1;
    progress(done, objects.size);
  });
  for (const { id, found, finding } of await listedWrongly(options.list(), objects)) await record(id, found, [finding]);
  return counts;
}

interface ListedWrongly {
  id: string;
  found: FoundObject;
  finding: Finding;
}

/** Returns phantoms and duplicates, each once. A list that fails has shown nothing. */
async function listedWrongly(
  list: AsyncIterable<ListedObject>,
  objects: LedgerState['objects'],
): Promise<Iterable<ListedWrongly>> {
  const wrong = new Map<string, ListedWrongly>();
  const listed = new Set<string>();
  for await (const { id, digest, version } of list) {
    const found = digest === undefined ? null : version === undefined ? { digest } : { digest, version };
    const object = objects.get(id);
    if (object === undefined) wrong.set(id, { id, found, finding: { key: id, finding: 'phantom' } });
    else if (listed.has(id))
      wrong.set(id, { id, found, finding: { key: object.acknowledged?.key ?? id, finding: 'duplicate' } });
    listed.add(id);
  }
  return wrong.values();
}

/** Counts the findings and records them in the ledger. */
export async function recordFindings(
  counts: ReadBackCounts,
  ledger: Ledger,
  id: string,
  found: FoundObject,
  findings: readonly Finding[],
): Promise<void> {
  const result =
    found === null ? { found } : 'digest' in found ? { found: found.digest } : { found: null, problem: found.problem };
  for (const { key, finding } of findings) {
    count(counts, finding);
    await ledger.write({ type: 'read_back', key, id, ...result, finding });
  }
}

/** Derives from an object's stored state what happened to each write to it. */
export function findingsFor({ acknowledged, open }: ExpectedObject, found: FoundObject): Finding[] {
  const writes = open.filter(({ operation }) => operation === 'write');
  const deletions = open.filter(({ operation }) => operation === 'delete');
  const absent = (list: readonly { key: string }[]): Finding[] =>
    list.map(({ key }) => ({ key, finding: 'unknown_absent' }));
  if (found === null) {
    // Deleted by a deletion without a response, lost, or never created.
    const [deletion, ...others] = deletions;
    if (deletion) return [{ key: deletion.key, finding: 'unknown_present' }, ...absent([...others, ...writes])];
    return [...(acknowledged ? [{ key: acknowledged.key, finding: 'lost' } as const] : []), ...absent(writes)];
  }
  // After a failed check, it is unknown, and equals none that was written.
  const { digest, version }: Partial<StoredObject> = 'digest' in found ? found : {};
  if (acknowledged && digest === acknowledged.digest) {
    // A key must take effect once: a higher version means that it took effect again.
    const finding = findingOfVersion(version, acknowledged.version, acknowledged.version, 'intact');
    return [{ key: acknowledged.key, finding }, ...absent([...writes, ...deletions])];
  }
  const write = writes.findLast((one) => one.digest === digest);
  if (write) {
    const before = acknowledged === null ? 0 : acknowledged.version;
    const first = before === undefined ? undefined : before + 1;
    const last = before === undefined ? undefined : before + writes.length;
    const finding = findingOfVersion(version, first, last, 'unknown_present');
    if (finding !== 'unknown_present') return [{ key: write.key, finding }, ...absent(deletions)];
    const intact: Finding[] = acknowledged ? [{ key: acknowledged.key, finding: 'intact' }] : [];
    const others = writes.filter((one) => one !== write);
    return [...intact, { key: write.key, finding }, ...absent([...others, ...deletions])];
  }
  const owner = acknowledged?.key ?? writes[0]?.key ?? deletions[0]?.key;
  return [...(owner === undefined ? [] : [{ key: owner, finding: 'corrupt' } as const]), ...absent(deletions)];
}

/** `right` if the versions are not counted, or the found one is between `first` and `last`. */
function findingOfVersion(
  found: number | undefined,
  first: number | undefined,
  last: number | undefined,
  right: ReadBackFinding,
): ReadBackFinding {
  if (found === undefined || first === undefined || last === undefined) return right;
  if (found > last) return 'duplicate';
  return found < first ? 'corrupt' : right;
}

/** Reads an object, and again after 500 ms if it is missing. */
export async function readTwiceIfAbsent(
  id: string,
  { read, sleep }: Pick<Comparison, 'read' | 'sleep'>,
): Promise<FoundObject> {
  const found = await read(id);
  if (found !== null) return found;
  await sleep(absenceRecheckMs);
  return read(id);
}

export function zeroCounts(): ReadBackCounts {
  return {
    acknowledged: 0,
    readBack: 0,
    lost: 0,
    corrupt: 0,
    duplicate: 0,
    phantom: 0,
    unknownPresent: 0,
    unknownAbsent: 0,
  };
}

function count(counts: ReadBackCounts, finding: ReadBackFinding): void {
  if (finding === 'intact') return;
  if (finding === 'unknown_present') counts.unknownPresent += 1;
  else if (finding === 'unknown_absent') counts.unknownAbsent += 1;
  else counts[finding] += 1;
}
