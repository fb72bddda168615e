/** JUnit XML for CI: a test case per rule, per fault with a confirmed effect, and the verdict. */
import type { Report } from '@encore/contracts';
import { figureText } from '../judge/rules/metric-table.ts';
import { secondsText } from '../text.ts';
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
  const suites = [...new Set(cases.map(({ suite }) => suite))];
  const count = (kind: 'failure' | 'error', suite?: string): number =>
    cases.filter((one) => one[kind] !== undefined && (suite === undefined || one.suite === suite)).length;
  const lines = suites.flatMap((suite) => {
    const own = cases.filter((one) => one.suite === suite);
    return [
      `  <testsuite name="${escapeXml(suite)}" tests="${own.length}" failures="${count('failure', suite)}" errors="${count('error', suite)}" timestamp="${report.started_at}">`,
      ...own.flatMap(caseLines),
      '  </testsuite>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="encore ${escapeXml(report.run_id)}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" time="${report.duration_seconds}">`,
    ...lines,
    '</testsuites>',
    '',
  ].join('\n');
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
        ...(recoveredBy === 'none' ? { failure: 'no correct response after it' } : {}),
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

function caseLines({ suite, name, seconds, failure, error }: Case): string[] {
  const open = `    <testcase classname="encore.${suite}" name="${escapeXml(name)}" time="${seconds}"`;
  if (failure === undefined && error === undefined) return [`${open}/>`];
  const kind = failure === undefined ? 'error' : 'failure';
  const text = escapeXml(failure ?? error ?? '');
  return [`${open}>`, `      <${kind} message="${text.replaceAll('\n', '&#10;')}"/>`, '    </testcase>'];
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // XML 1.0 does not allow control characters, not even escaped.
  const clean = [...text].filter((character) => character >= ' ' || character === '\n' || character === '\t').join('');
  return clean.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
