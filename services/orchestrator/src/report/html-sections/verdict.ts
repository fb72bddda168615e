/** Section with the verdict: one word, one sentence, the reasons, the warnings. */

import { isKill, type Report } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { durationText } from '../../text.ts';
import { type Html, html } from '../html.ts';
import { controlText, lateText } from '../phrases.ts';

const sentences = {
  PASSED: 'It came back, every time.',
  FAILED: 'At least one rule is broken.',
  INCONCLUSIVE: 'There is not enough evidence for a verdict.',
  INTERRUPTED: 'The run was stopped early; until then, no rule was broken.',
} as const;

export function verdictSection(report: Report, running: boolean): Html {
  const { result, reasons, warnings } = report;
  const control = controlText(report.config);
  const word = running ? 'RUNNING' : result;
  const sentence = running ? 'The verdict follows at the end of the run.' : sentences[result];
  return html`<div class="verdict ${word.toLowerCase()}">
<p class="word" role="status">${word}</p>
<div><h1>${sentence}</h1><p class="quiet">${storyOf(report, running)}</p>${control === null ? '' : html`<p>This ${running ? 'is' : 'was'} ${control}.</p>`}</div>
</div>
${reasons.length === 0 || running ? '' : html`<ul class="reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${warnings.length === 0 ? '' : html`<details class="warnings"${warnings.length < 5 ? html` open` : ''}><summary>${pluralize(warnings.length, 'warning')}</summary><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></details>`}`;
}

function storyOf(report: Report, running: boolean): string {
  const { faults, totals, duration_seconds: seconds } = report;
  const confirmed = faults.filter((fault) => fault.effect === 'confirmed');
  const kills = confirmed.filter(isKill);
  const of = kills.length === 1 ? '1 of them a kill' : `${kills.length} of them kills`;
  const faultText =
    confirmed.length === 0
      ? running
        ? 'no fault so far'
        : 'no fault had an effect'
      : `${pluralize(confirmed.length, 'fault')} with an effect, ${of}, ${recoveriesIn(report, confirmed.length, running)}`;
  return `${pluralize(totals.attempts, 'request')} in ${durationText(seconds)}; ${faultText}.`;
}

function recoveriesIn({ recoveries }: Report, confirmed: number, running: boolean): string {
  const { count, failed } = recoveries;
  const late = lateText(recoveries);
  if (count === confirmed) return `${confirmed === 1 ? '' : 'all '}recovered${late && `, ${late}`}`;
  const open = confirmed - count - failed;
  const rest = [
    late,
    failed === 0 ? '' : `${failed} ${running ? 'overdue' : 'never'}`,
    open === 0 ? '' : running ? `${open} in progress` : `${open} without a measured recovery`,
  ];
  return [`${count} recovered`, ...rest.filter((text) => text !== '')].join(', ');
}
