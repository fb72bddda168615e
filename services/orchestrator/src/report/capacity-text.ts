/** Describes the server's capacity, with the tool that measured it. */
import type { Report } from '@encore/contracts';
import { pluralize } from '../text.ts';
import { durationText, millisecondsText, thousands } from './format.ts';

export function capacityText(capacity: NonNullable<Report['capacity']>): string {
  const { tool, connections, duration_seconds, requests_per_second, refused, lost, latency_ms } = capacity;
  const notAnswered = refused + lost === 0 ? '' : `, ${thousands(refused)} refused and ${thousands(lost)} lost`;
  const method = `${tool}, ${pluralize(connections, 'connection')}, ${durationText(duration_seconds)}`;
  return `${thousands(Math.round(requests_per_second))} requests/s without faults and users${notAnswered}, p99 ${millisecondsText(latency_ms.p99)} (${method})`;
}
