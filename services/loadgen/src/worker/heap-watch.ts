/**
 * Ends a thread that keeps too much memory, and finds the place in the workload that holds most of
 * it. V8 samples allocations, and forgets those that were collected.
 */
import { Session } from 'node:inspector';
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '@encore/kit/collect-garbage';
import { placeOf } from './location.ts';

interface ProfileNode {
  callFrame: { url: string; lineNumber: number; columnNumber: number };
  selfSize: number;
  children: ProfileNode[];
}

/** Share of the limit at which the place is reported, and again after each additional share. */
const reportFrom = 0.35;
const reportEvery = 0.1;
/** Rare enough to cost nothing: an attempt allocates about 10 kB. */
const bytesPerSample = 512 * 1024;

/** For the heap, and for buffers, which are outside the heap. */
const maxBytes = 192 * 1024 * 1024;
/** Exit codes of a thread that ends itself. */
export const heapExitCode = 40;
export const externalExitCode = 41;

/**
 * Returns a function to call after each operation, because a leak may fill the heap before a timer
 * fires. `workload`: URL of its file. `end` ends the thread with an exit code.
 */
export function watchHeap(
  workload: string,
  report: (location: string) => void,
  end: (exitCode: number) => void,
): () => void {
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.startSampling', { samplingInterval: bytesPerSample });
  let reportAt = reportFrom;
  return () => {
    const { used_heap_size: used, external_memory: external } = getHeapStatistics();
    if (used >= maxBytes * reportAt) {
      reportAt = used / maxBytes + reportEvery;
      reportLargest(session, workload, report);
    }
    if (Math.max(used, external) <= maxBytes) return;
    // V8 counts garbage as used until it collects it.
    collectGarbage();
    const kept = getHeapStatistics();
    if (kept.used_heap_size > maxBytes) end(heapExitCode);
    if (kept.external_memory > maxBytes) end(externalExitCode);
  };
}

function reportLargest(session: Session, workload: string, report: (location: string) => void): void {
  session.post('HeapProfiler.getSamplingProfile', (error, result) => {
    if (error !== null) return;
    const sizes = new Map<string, number>();
    addSizes(result.profile.head, null, workload, sizes);
    const [largest] = [...sizes].sort(([, a], [, b]) => b - a);
    if (largest !== undefined) report(largest[0]);
  });
}

/** Counts what a function of a library allocates for the place in the workload that called it. */
function addSizes(node: ProfileNode, caller: string | null, workload: string, sizes: Map<string, number>): void {
  const { url, lineNumber, columnNumber } = node.callFrame;
  const place = placeOf(url, `${lineNumber + 1}:${columnNumber + 1}`, workload) ?? caller;
  if (place !== null) sizes.set(place, (sizes.get(place) ?? 0) + node.selfSize);
  for (const child of node.children) addSizes(child, place, workload, sizes);
}
