/** JUnit XML for CI: a test case per rule, per fault with a confirmed effect, and the verdict. */
import type { Report } from '@encore/contracts';
import { figureText } from '../judge/rules/metric-table.ts';
import { secondsText } from '../text.ts';
import { type Html, html, trusted } from './html.ts';
import { isLate, recoveryText } from './phrases.ts';

interface Case {
  suite: string;
  name: string;
  seconds: number;
  failure?: string;
  error?: string;
}

export function junitXml(report: Report): string {
  const cases = [...rulesOf(report), ...recoveriesOf(report), verdictOf(report)];
  const suites = [...Map.groupBy(cases, ({ suite }) => suite)].map(
    ([suite, own]) => html`  <testsuite name="${suite}" ${countsOf(own)} timestamp="${report.started_at}">
${own.map(caseOf)}  </testsuite>
`,
  );
  return html`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="encore ${report.run_id}" ${countsOf(cases)} time="${report.duration_seconds}">
${suites}</testsuites>
`.text;
}

function countsOf(cases: readonly Case[]): Html {
  const [failures, errors] = (['failure', 'error'] as const).map((kind) => cases.filter((one) => one[kind]).length);
  return html`tests="${cases.length}" failures="${failures ?? 0}" errors="${errors ?? 0}"`;
}

function rulesOf({ thresholds }: Report): Case[] {
  return thresholds.map(({ name, expression, value, ok, note }) => {
    const text = `${name}: ${figureText(name, value)} (rule: ${expression})${note === undefined ? '' : `; ${note}`}`;
    return {
      suite: 'rules',
      name: `${name}: ${expression}`,
      seconds: 0,
      ...(ok === false ? { failure: text } : {}),
      ...(ok === null ? { error: `not enough data: ${text}` } : {}),
    };
  });
}

function recoveriesOf({ faults, recoveries }: Report): Case[] {
  return faults
    .filter(({ effect }) => effect === 'confirmed')
    .map((fault) => {
      const { id, kind, target, recovery_seconds: seconds, recovered_by: recoveredBy } = fault;
      return {
        suite: 'recoveries',
        name: `${id} ${kind} of ${target}`,
        seconds: seconds ?? 0,
        ...(recoveredBy === 'none' ? { failure: 'not recovered' } : {}),
        ...(isLate(fault, recoveries) ? { failure: `recovered in ${recoveryText(fault, recoveries)}` } : {}),
        ...(seconds === null && recoveredBy !== 'none' ? { error: `no recovery time: ${secondsText(seconds)}` } : {}),
      };
    });
}

function verdictOf({ result, reasons, duration_seconds: seconds }: Report): Case {
  const text = reasons.join('\n');
  const base = { suite: 'verdict', name: 'the run passed', seconds };
  if (result === 'PASSED') return base;
  return result === 'FAILED' ? { ...base, failure: text } : { ...base, error: `${result}: ${text}` };
}

function caseOf({ suite, name, seconds, failure, error }: Case): Html {
  const text = failure ?? error;
  const body = html`>
      <${failure === undefined ? 'error' : 'failure'} message="${attribute(text ?? '')}"/>
    </testcase>`;
  return html`    <testcase classname="encore.${suite}" name="${attribute(name)}" time="${seconds}"${text === undefined ? trusted('/>') : body}
`;
}

/** XML 1.0 does not allow control characters, not even escaped; a parser drops line breaks. */
function attribute(text: string): Html {
  const clean = [...text].filter((character) => character >= ' ' || character === '\n' || character === '\t').join('');
  return trusted(html`${clean}`.text.replaceAll('\n', '&#10;'));
}
