/** The machine and the server's process as names with texts, for the monitor and the live page alike. */
import { bytesText } from '../report/format.ts';
import type { Room } from './host-metrics.ts';
import type { Snapshot } from './run-view.ts';

export function systemFacts({ host, network, serverProcess }: Snapshot): [name: string, text: string][] {
  const { pid, cpuShare, memoryBytes } = serverProcess;
  return [
    ['cpu', host === null ? '-' : `${percent(host.cpuShare)} of ${host.cores} cores`],
    ['memory', roomText(host?.memory ?? null)],
    ['disk', roomText(host?.disk ?? null)],
    ['network', `sent ${bytesText(network.sentBytes)}, received ${bytesText(network.receivedBytes)}`],
    ['process', `server: PID ${pid ?? '-'}, CPU ${percent(cpuShare)}, memory ${bytesText(memoryBytes)}`],
  ];
}

function roomText(room: Room | null): string {
  return room === null ? '-' : `${percent(room.usedShare)} used, ${bytesText(room.freeBytes)} free`;
}

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
