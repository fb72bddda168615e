/** Groups of fault kinds that share a colour in the timeline, with the titles for its legend. */
import type { FaultKind } from '@encore/contracts';

export const groupTitles = {
  kill: 'kills and stops',
  network: 'network',
  resource: 'memory, CPU, disk',
  database: 'database',
  load: 'load',
} as const;

export const groupOf: Record<FaultKind, keyof typeof groupTitles> = {
  crash: 'kill',
  outage: 'kill',
  restart: 'kill',
  freeze: 'kill',
  hang: 'kill',
  'memory-cap': 'resource',
  'memory-pressure': 'resource',
  'cpu-throttle': 'resource',
  'disk-full': 'resource',
  'tool-stall': 'resource',
  latency: 'network',
  jitter: 'network',
  bandwidth: 'network',
  'slow-close': 'network',
  slicer: 'network',
  'limit-data': 'network',
  timeout: 'network',
  'reset-peer': 'network',
  'connection-refused': 'network',
  partition: 'network',
  'database-down': 'database',
  'database-freeze': 'database',
  'database-latency': 'database',
  'traffic-spike': 'load',
};
