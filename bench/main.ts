/**
 * `npm run bench [name...]`: each benchmark compares with a reference in the same run and reports
 * ratios, because absolute times of a shared machine prove nothing. Not part of the tests. Exits 1
 * when a stated goal is missed.
 */
import { benchInjectionLateness } from './injection-lateness.ts';
import { benchLoadCost } from './load-cost.ts';
import { benchLoadHeap } from './load-heap.ts';
import { benchLoadHour } from './load-hour.ts';
import { benchLoadOmission } from './load-omission.ts';
import { benchLoadUploads } from './load-uploads.ts';
import { benchMusicImport } from './music-import.ts';
import { benchMusicKeys } from './music-keys.ts';
import { benchOrchestratorDay } from './orchestrator-day.ts';
import { benchProxyOverhead } from './proxy-overhead.ts';
import { benchReportPage } from './report-page.ts';
import { benchServerLargeScores } from './server-large-scores.ts';
import { benchServerMcp } from './server-mcp.ts';
import { benchServerOverload } from './server-overload.ts';
import { benchServerStart } from './server-start.ts';
import { benchWatchingCost } from './watching-cost.ts';

/**
 * One line per benchmark: its name and a function that prints its results and returns whether its
 * goals were met.
 */
const benches: Record<string, () => Promise<{ ok: boolean }>> = {
  'music-import': benchMusicImport,
  'music-keys': benchMusicKeys,
  'load-uploads': benchLoadUploads,
  'load-cost': benchLoadCost,
  'load-omission': benchLoadOmission,
  'load-heap': benchLoadHeap,
  'load-hour': benchLoadHour,
  'server-large-scores': benchServerLargeScores,
  'server-mcp': benchServerMcp,
  'server-overload': benchServerOverload,
  'server-start': benchServerStart,
  'injection-lateness': benchInjectionLateness,
  'proxy-overhead': benchProxyOverhead,
  'report-page': benchReportPage,
  'orchestrator-day': benchOrchestratorDay,
  'watching-cost': benchWatchingCost,
};
/** Takes an hour, as its name states, so it runs only when named. */
const onlyWhenNamed: ReadonlySet<string> = new Set(['load-hour']);

const chosen =
  process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches).filter((name) => !onlyWhenNamed.has(name));
const unknown = chosen.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`unknown benchmark ${unknown.join(', ')}. Use one of ${Object.keys(benches).join(', ')}\n`);
  process.exit(3);
}
let ok = true;
for (const name of chosen) {
  const result = await benches[name]?.();
  process.stdout.write(`${name}: ${result?.ok ? 'goals met' : 'GOAL MISSED'}\n\n`);
  ok &&= result?.ok === true;
}
process.exit(ok ? 0 : 1);
