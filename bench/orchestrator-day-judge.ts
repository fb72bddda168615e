/**
 * Started by orchestrator-day.ts: judges the files of the day and writes the reports. Prints [hour
 * of the day, bytes].
 */
import { join } from 'node:path';
import type { HistoryLine } from '../packages/contracts/src/index.ts';
import { judge } from '../services/orchestrator/src/judge/judge.ts';
import { readRunFolder } from '../services/orchestrator/src/judge/read/run-folder.ts';
import { writeReports } from '../services/orchestrator/src/report/write-reports.ts';
import { heldBytes } from './held-bytes.ts';

const sampleEverySeconds = 900;

const [, , folder = ''] = process.argv;
const run = await readRunFolder(folder);
const judgement = await judge({ ...run, history: sampled(run.history) });
const { result, faults } = judgement.report;
if (result !== 'PASSED' || faults.length === 0) throw new Error(`${result}: ${judgement.report.reasons.join('; ')}`);
await writeReports(judgement, folder, join(folder, 'report.json'));
print(24);

async function* sampled(history: AsyncIterable<HistoryLine>): AsyncGenerator<HistoryLine> {
  let second = 0;
  for await (const line of history) {
    yield line;
    if (line.event.type !== 'load_second') continue;
    second += 1;
    if (second % sampleEverySeconds === 0) print(second / 3_600);
  }
}

function print(hour: number): void {
  process.stdout.write(`${JSON.stringify([hour, heldBytes()])}\n`);
}
