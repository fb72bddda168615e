/** What users see: how their requests end, and after how long. */
import type { Outcome } from '@encore/contracts';
import { colored, type PanelSpec, type RowSpec, rate } from './panel.ts';

/**
 * Green is correct, yellow a polite rejection, orange the network, red the server, purple a
 * truncated or wrong response.
 */
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
  session_lost: 'light-green',
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
        'HTTP requests per second by outcome, as users saw them. Every request has exactly one outcome; outcomes that did not occur are not shown.',
      type: 'timeseries',
      unit: 'reqps',
      width: 12,
      height: 9,
      link: 'inside',
      stacked: true,
      min: 0,
      overrides: colored(outcomeColors),
      queries: [{ expr: `sum by (outcome) (rate(loadgen_attempts_total[${rate}])) > 0`, legend: '{{outcome}}' }],
    },
    {
      title: 'Response time of correct responses',
      description:
        'Measured from the intended start of an operation, so that waiting in an outage counts. The axis is logarithmic: responses in normal times and after an outage differ by a factor of a thousand.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      height: 9,
      link: 'inside',
      logarithmic: true,
      overrides: colored({ ...quantileColors, p99: 'red' }),
      queries: quantiles('loadgen_response_seconds', [0.5, 0.95, 0.99]),
    },
    {
      title: 'Operations skipped',
      description:
        'Operations per second that users did not start because they were too far behind their plan. The report counts them and gives the success rate if each had failed.',
      type: 'timeseries',
      unit: 'ops',
      width: 8,
      height: 9,
      link: 'inside',
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
        'One small request every 0.1 s, regardless of earlier outcomes: the effect of a fault without the work that users postponed. Only correct responses within the deadline of one second.',
      type: 'timeseries',
      unit: 's',
      width: 8,
      height: 9,
      link: 'inside',
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
      title: 'Response time distribution',
      description: 'Number of operations by response time. A stall shows as a rising cloud.',
      type: 'heatmap',
      unit: 'short',
      width: 8,
      height: 9,
      link: 'inside',
      queries: [{ expr: `sum by (le) (increase(loadgen_response_seconds_bucket[${rate}]))`, legend: '{{le}}' }],
    },
  ],
};
