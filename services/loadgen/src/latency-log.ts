/**
 * Logs all latencies of the run as HdrHistogram interval lines, every ten seconds, in microseconds.
 * The lines merge into exact percentiles of any phase, and standard HdrHistogram viewers read them.
 * The tag names what was timed:
 *
 *   create.ok.response                     from the intended start to the correct response
 *   create.ok.service                      from the actual start to the correct response
 *   create.failed.response                 operations that failed or stayed unknown
 *   create.attempt.ok | .shed | .failed    one request
 */
import { join } from 'node:path';
import { AppendFile } from '@encore/kit';
import { HistogramLogWriter } from 'hdr-histogram-js';
import { LatencyHistogram } from './latency-histogram.ts';

const timed = ['ok.response', 'ok.service', 'failed.response', 'attempt.ok', 'attempt.shed', 'attempt.failed'] as const;
export type LatencyTag = `${string}.${(typeof timed)[number]}`;

export class LatencyLog implements AsyncDisposable {
  readonly #file: AppendFile;
  readonly #histograms = new Map<LatencyTag, LatencyHistogram>();
  #intervalStartedAt: number;

  private constructor(file: AppendFile, startedAt: number, operations: readonly string[]) {
    this.#file = file;
    this.#intervalStartedAt = startedAt;
    // Allocated up front: a histogram added by a first failure after an hour would look like a
    // leak.
    for (const operation of operations)
      for (const what of timed) this.#histograms.set(`${operation}.${what}`, new LatencyHistogram());
  }

  static async open(runFolder: string, startedAt: number, operations: readonly string[]): Promise<LatencyLog> {
    const file = await AppendFile.open(join(runFolder, 'latency.hlog'));
    const log = new LatencyLog(file, startedAt, operations);
    await log.#write((writer) => {
      writer.outputLogFormatVersion();
      writer.outputStartTime(startedAt);
      writer.outputLegend();
    });
    return log;
  }

  record(tag: LatencyTag, ms: number): void {
    this.#histograms.get(tag)?.record(ms);
  }

  /** Writes one line per tag with values since the last interval. */
  async endInterval(at: number): Promise<void> {
    const from = this.#intervalStartedAt / 1_000;
    this.#intervalStartedAt = at;
    await this.#write((writer) => {
      for (const [tag, recorded] of this.#histograms) {
        if (recorded.histogram.totalCount === 0) continue;
        // Set each time, because a reset clears it.
        recorded.histogram.tag = tag;
        writer.outputIntervalHistogram(recorded.histogram, from, at / 1_000);
        recorded.reset();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(fill: (writer: HistogramLogWriter) => void): Promise<void> {
    let text = '';
    fill(
      new HistogramLogWriter((line) => {
        text += line;
      }),
    );
    if (text !== '') await this.#file.append(text.trimEnd());
  }
}
