/** docs/TEETH.md: which planted bugs the verdict caught, by which rule, and how often it accused a right lab. */
import { type Bug, bugs } from './bugs.ts';
import type { Records } from './record.ts';
import { scenarios } from './scenarios.ts';

const introduction = `# Teeth: does the verdict catch what it is for?

A lab that always says PASSED proves nothing. So bugs are planted in it, one at a time, and the verdict must name each by the rule that is there for it.

    npm run teeth                       # plants all bugs, one after another, and writes this page
    npm run teeth -- flipped-byte       # this one
    npm run teeth -- twins              # the same runs with nothing planted: the awaited rules must be silent
    npm run teeth -- clean 10           # smoke runs with nothing planted, each on a fresh seed; none is left out

A bug is a file in [test/teeth/bugs](../test/teeth/bugs) that stands in for one module of one program and changes one thing. It is put in its place by a
loader that only the command above starts. The programs know nothing of it, so there is no setting that could plant a bug, and no image holds the files.

Each run is one of \`./encore\` (the lab without Docker) with settings of its own. *Hits* counts how often the bug did its harm, where it is planted.
`;

export function teethPage(records: Records): string {
  return [introduction, bugTable(records), scenarioTable(records), cleanTable(records)].join('\n');
}

function bugTable(records: Records): string {
  const caught = bugs.filter(({ name }) => records.bugs[name]?.caught === true).length;
  const rows = bugs.map((bug) => bugRow(bug, records));
  return `## Planted bugs: ${caught} of ${bugs.length} caught

| bug | what is wrong | run | hits (at least) | rule | verdict and its reason | caught | seed, commit |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function bugRow({ name, what, scenario, hitsExpected, rule, plantedIn }: Bug, { bugs: seen }: Records): string {
  const run = seen[name];
  const { seconds } = scenarios[scenario];
  const link = `[${name}](../test/teeth/bugs/${name}.ts)`;
  const head = `| ${link} | ${what} (in \`${plantedIn.replace('services/', '')}\`) | ${scenario}, ${seconds} s |`;
  if (run === undefined) return `${head} (${hitsExpected}) | \`${rule}\` | not run yet | | |`;
  const { hits, result, reason, caught, seed, commit } = run;
  return `${head} ${hits.toLocaleString('en-US')} (${hitsExpected}) | \`${rule}\` | ${result}: ${cell(reason)} | ${caught ? 'yes' : 'NO'} | ${seed}, ${commit} |`;
}

function scenarioTable({ twins }: Records): string {
  const used = [...new Set(bugs.map(({ scenario }) => scenario))];
  const rows = used.map((name) => {
    const twin = twins[name];
    const rules = [...new Set(bugs.filter(({ scenario }) => scenario === name).map(({ rule }) => `\`${rule}\``))];
    const head = `| ${name} | ${scenarios[name].what} | ${rules.join(', ')} |`;
    if (twin === undefined) return `${head} not run yet | | |`;
    const { result, reason, silent, seed, commit } = twin;
    return `${head} ${silent ? 'silent' : 'NOT SILENT'} | ${result}${reason === '' ? '' : `: ${cell(reason)}`} | ${seed}, ${commit} |`;
  });
  return `## The same runs with nothing planted

Some of them ask for more than a right server can give, so they need not pass; but the rules that catch the bugs must be silent.

| run | what happens | awaited rules | they were | verdict and its reasons | seed, commit |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function cleanTable({ clean }: Records): string {
  const passed = clean.filter(({ result }) => result === 'PASSED').length;
  const rows = clean.map(
    ({ date, seed, commit, result, reason }, index) =>
      `| ${index + 1} | ${seed} | ${result}${reason === '' ? '' : `: ${cell(reason)}`} | ${date}, ${commit} |`,
  );
  return `## Clean smoke runs: ${passed} of ${clean.length} passed

| run | seed | verdict | date, commit |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const longest = 400;

/** One line, short enough for a table, with nothing that Markdown would take for its own. */
function cell(text: string): string {
  const line = text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  return line.length <= longest ? line : `${line.slice(0, longest)} …`;
}
