/** JUnit XML for CI: each rule of the verdict is a test case, each kill that bit is another. */
import type { Report } from '@encore/contracts';
import { figureText, secondsText } from './format.ts';
import { isLate, recoveryText } from './late-recovery.ts';

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
    const seen = `${name} is ${figureText(name, value)}, the rule is ${expression}${note === undefined ? '' : ` (${note})`}`;
    return {
      suite: 'rules',
      name: `${name}: ${expression}`,
      seconds: 0,
      ...(ok === false ? { failure: seen } : {}),
      ...(ok === null ? { error: `not enough data: ${seen}` } : {}),
    };
  });
}

function recoveriesOf({ faults, recoveries }: Report): Case[] {
  return faults
    .filter(({ bit }) => bit === 'yes')
    .map((fault) => {
      const { id, kind, target, recovery_seconds: seconds, healed_by: healer } = fault;
      return {
        suite: 'recoveries',
        name: `${id} ${kind} of ${target}`,
        seconds: seconds ?? 0,
        ...(healer === 'nobody' ? { failure: 'no right answer came after it' } : {}),
        ...(isLate(fault, recoveries) ? { failure: `recovered in ${recoveryText(fault, recoveries)}` } : {}),
        ...(seconds === null && healer !== 'nobody' ? { error: `no recovery time: ${secondsText(seconds)}` } : {}),
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
  // Control characters have no place in XML 1.0, not even escaped.
  const clean = [...text].filter((sign) => sign >= ' ' || sign === '\n' || sign === '\t').join('');
  return clean.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}
