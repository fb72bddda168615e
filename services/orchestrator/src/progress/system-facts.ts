/** Machine and server process as name and text, for the monitor and the live page. */
import { bytesText } from '../text.ts';
import type { Usage } from './host-metrics.ts';
import type { Snapshot } from './run-view.ts';

export function systemFacts({ host, network, recoveryOf, serverProcess }: Snapshot): [name: string, text: string][] {
  const { pid, cpuShare, memoryBytes } = serverProcess;
  return [
    ['CPU', host === null ? '-' : `${percent(host.cpuShare)} of ${host.cores} cores`],
    ['Memory', usageText(host?.memory ?? null)],
    ['Disk', usageText(host?.disk ?? null)],
    ['Network', `sent ${bytesText(network.sentBytes)}, received ${bytesText(network.receivedBytes)}`],
    ['Process', `${recoveryOf}: PID ${pid ?? '-'}, CPU ${percent(cpuShare)}, memory ${bytesText(memoryBytes)}`],
  ];
}

function usageText(usage: Usage | null): string {
  return usage === null ? '-' : `${percent(usage.usedShare)} used, ${bytesText(usage.freeBytes)} free`;
}

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
