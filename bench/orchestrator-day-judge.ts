/**
 * Started by orchestrator-day.ts: judges the files of the day and writes the reports. Prints [hour
 * of the day, bytes].
 */
import { join } from 'node:path';
import { History } from '../services/orchestrator/src/judge/history.ts';
import { judge } from '../services/orchestrator/src/judge/judge.ts';
import { readRunFolder } from '../services/orchestrator/src/judge/read/run-folder.ts';
import { writeReports } from '../services/orchestrator/src/report/write-reports.ts';
import { heldBytes } from './held-bytes.ts';

const sampleEverySeconds = 900;

const [, , folder = ''] = process.argv;
sampleHistory();
const judgement = judge(await readRunFolder(folder));
const { result, faults } = judgement.report;
if (result !== 'PASSED' || faults.length === 0) throw new Error(`${result}: ${judgement.report.reasons.join('; ')}`);
await writeReports(judgement, folder, join(folder, 'report.json'));
print(24);

/** Measures the memory while the history is read. */
function sampleHistory(): void {
  const { add } = History.prototype;
  let second = 0;
  History.prototype.add = function (event) {
    add.call(this, event);
    if (event.type !== 'load_second') return;
    second += 1;
    if (second % sampleEverySeconds === 0) print(second / 3_600);
  };
}

function print(hour: number): void {
  process.stdout.write(`${JSON.stringify([hour, heldBytes()])}\n`);
}
