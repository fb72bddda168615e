/** What the users see: how their requests end, and after which time. */
import type { Outcome } from '@encore/contracts';
import { colored, type PanelSpec, type RowSpec, rate } from './panel.ts';

/** Green is right, yellow a polite refusal, orange the way to the server, red the server, purple an answer that is cut or wrong. */
const outcomeColors: Record<Outcome, string> = {
  ok: 'green',
  shed: 'yellow',
  breaker_open: 'light-yellow',
  server_error: 'red',
  refused: 'orange',
  connect_timeout: 'dark-orange',
  reset_before: 'semi-dark-orange',
  cut_mid_body: 'purple',
  header_timeout: 'dark-red',
  body_timeout: 'semi-dark-red',
  deadline: 'light-red',
  protocol: 'light-purple',
  dns: 'light-orange',
  corrupt: 'dark-purple',
  stale: 'semi-dark-purple',
  client_error_unexpected: 'super-light-red',
  cancelled_at_end: 'text',
  not_started: 'blue',
};
const quantileColors = { p50: 'green', p95: 'orange' };
const quantiles = (metric: string, wanted: readonly number[]): PanelSpec['queries'] =>
  wanted.map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket[${rate}])))`,
    legend: `p${quantile * 100}`,
  }));

export const userRow: RowSpec = {
  title: 'Users',
  collapsed: false,
  panels: [
    {
      title: 'Requests by outcome',
      description:
        'HTTP requests per second as the users saw them. Every request ends in exactly one outcome; those that did not occur are left out.',
      type: 'timeseries',
      unit: 'reqps',
      width: 12,
      height: 9,
      link: 'server',
      stacked: true,
      min: 0,
      overrides: colored(outcomeColors),
      queries: [{ expr: `sum by (outcome) (rate(loadgen_attempts_total[${rate}])) > 0`, legend: '{{outcome}}' }],
    },
    {
      title: 'Response time of right answers',
      description:
        'From the intended start of an operation, so that an outage cannot hide behind requests that waited. The axis is logarithmic: a usual answer and one after an outage differ by a factor of a thousand.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      height: 9,
      link: 'server',
      logarithmic: true,
      overrides: colored({ ...quantileColors, p99: 'red' }),
      queries: quantiles('loadgen_response_seconds', [0.5, 0.95, 0.99]),
    },
    {
      title: 'Operations skipped',
      description:
        'Operations that users did not start because they had fallen too far behind their plan, per second. The report counts them, and what the success rate would be if each had failed.',
      type: 'timeseries',
      unit: 'ops',
      width: 8,
      height: 9,
      link: 'server',
      stacked: true,
      min: 0,
      softMax: 1,
      queries: [
        { expr: `sum by (operation) (rate(loadgen_operations_skipped_total[${rate}]))`, legend: '{{operation}}' },
      ],
    },
    {
      title: 'Response time of probes',
      description:
        'One small question each tenth of a second, whatever became of the ones before: what a fault does to an answer, without the work that users have put off. Right answers only, within their second.',
      type: 'timeseries',
      unit: 's',
      width: 8,
      height: 9,
      link: 'server',
      logarithmic: true,
      overrides: colored({ ...quantileColors, mean: 'blue' }),
      queries: [
        {
          expr: `sum(rate(loadgen_probe_seconds_sum[${rate}])) / sum(rate(loadgen_probe_seconds_count[${rate}]))`,
          legend: 'mean',
        },
        ...quantiles('loadgen_probe_seconds', [0.5, 0.95]),
      ],
    },
    {
      title: 'Response times, all of them',
      description: 'How many operations were answered in which time. A stall shows as a cloud that climbs.',
      type: 'heatmap',
      unit: 'short',
      width: 8,
      height: 9,
      link: 'server',
      queries: [{ expr: `sum by (le) (increase(loadgen_response_seconds_bucket[${rate}]))`, legend: '{{le}}' }],
    },
  ],
};
