/** Panels of the run's dashboard that only the bundled server has metrics for. */
import { colored, type PanelSpec, rate, step } from '@encore/project/dashboards';

export const runPanels: readonly PanelSpec[] = [
  {
    title: 'Circuit breakers',
    description: 'An open breaker rejects calls immediately; half-open, it lets one trial call through at a time.',
    type: 'state-timeline',
    unit: 'short',
    width: 8,
    height: 9,
    link: 'inside',
    mappings: {
      0: { text: 'closed', color: 'green' },
      1: { text: 'half-open', color: 'orange' },
      2: { text: 'open', color: 'red' },
    },
    queries: [
      { expr: `max by (breaker) (max_over_time(encore_server_breaker_state[${step}]))`, legend: '{{breaker}}' },
    ],
  },
  {
    title: 'Sheds',
    description: 'Requests that the server rejected to protect itself, by reason. The response states when to retry.',
    type: 'timeseries',
    unit: 'reqps',
    width: 8,
    height: 9,
    link: 'inside',
    stacked: true,
    min: 0,
    softMax: 1,
    overrides: colored({ overloaded: 'red', rate_limited: 'yellow', draining: 'blue', memory: 'purple' }),
    queries: [{ expr: `sum by (reason) (rate(encore_server_shed_total[${rate}]))`, legend: '{{reason}}' }],
  },
];
