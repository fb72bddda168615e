/** Section with the three main figures: success rate, worst recovery, lost writes. */

import type { Report } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { secondsText, thousands } from '../../text.ts';
import { type Html, html } from '../html.ts';
import { lateText, lostWrites, skippedText } from '../phrases.ts';

export function numbersSection(report: Report, running: boolean): Html {
  return html`<div class="numbers">${[successRate(report), worstRecovery(report, running), lostWritesCard(report, running)]}</div>`;
}

function card(title: string, value: Html | string, under: string, ok: boolean | null): Html {
  const state = ok === null ? 'unknown' : ok ? 'ok' : 'bad';
  return html`<div class="number ${state}"><h2>${title}</h2><p class="value">${value}</p><p class="quiet">${under}</p></div>`;
}

function ruleOf({ thresholds }: Report, name: string): boolean | null {
  return thresholds.find((threshold) => threshold.name === name)?.ok ?? null;
}

function unit(value: string, symbol: string): Html {
  return html`${value}<small>${symbol}</small>`;
}

function successRate(report: Report): Html {
  const { totals } = report;
  const rate = totals.success_rate;
  const attempts = totals.attempt_success_rate;
  const skipped = totals.skipped === 0 ? '' : `; skipped: ${skippedText(report)}`;
  const under = `${thousands(totals.ok)} of ${pluralize(totals.operations, 'operation')}, including retries${skipped}${attempts === null ? '' : `; ${(attempts * 100).toFixed(2)} % of attempts`}`;
  return card(
    'Operations succeeded',
    rate === null ? '–' : unit((rate * 100).toFixed(2), '%'),
    under,
    ruleOf(report, 'success_rate'),
  );
}

function worstRecovery(report: Report, running: boolean): Html {
  const { recoveries, thresholds } = report;
  const limit = thresholds.find(({ name }) => name === 'recovery_seconds')?.expression.replace(/^max<=?/, '');
  const limitText = limit === undefined ? '' : `; limit ${limit} s`;
  const ok = ruleOf(report, 'recovery_seconds');
  if (recoveries.failed > 0)
    return card(
      'Worst recovery',
      running ? 'overdue' : 'never',
      `after ${recoveries.failed} of ${pluralize(recoveries.count + recoveries.failed, 'fault')}${limitText}`,
      ok,
    );
  const value = recoveries.max_seconds;
  const late = lateText(recoveries);
  const figures =
    recoveries.count === 0
      ? 'no recovery was measured'
      : `${pluralize(recoveries.count, 'recovery', 'recoveries')}, mean ${secondsText(recoveries.mean_seconds)}, p95 ${secondsText(recoveries.p95_seconds)}${late && `; ${late}`}`;
  const under = `from the kill or the end of the fault to the first correct response; ${figures}${late ? '' : limitText}`;
  return card('Worst recovery', value === null ? '–' : unit(value.toFixed(value < 10 ? 2 : 1), 's'), under, ok);
}

function lostWritesCard(report: Report, running: boolean): Html {
  if (running) return card('Lost writes', '–', 'everything is read back at the end', null);
  const rule = report.thresholds.find(({ name }) => name === 'lost_writes');
  const { count, complete, scope } = lostWrites(report);
  const of = complete ? `of ${scope} and not deleted` : scope;
  const bound = /a rate of (.*?) or more/.exec(rule?.note ?? '')?.[1];
  const where = report.planned_faults.planned === 0 ? '' : 'around faults ';
  const proof =
    count === null ? '; not verified' : bound === undefined ? '' : `; ${where}below ${bound} at 95 % confidence`;
  return card('Lost writes', count ?? '–', `${of}${proof}`, rule?.ok ?? null);
}
