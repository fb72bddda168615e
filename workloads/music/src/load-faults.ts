/**
 * What load faults do to the music server: cheap reads, and chord analyses that take too
 * long. The users do not call this tool, so no success of theirs interrupts the failures.
 */
import type { LoadFaults, RunInfo, StallCall } from '@encore/workload';
import { toolCallRequest } from './mcp-call.ts';
import { quickScore, slowScore } from './slow-score.ts';
import type { MusicParameters } from './user.ts';

const tool = 'chord_analysis';

export const loadFaults: LoadFaults<MusicParameters> = {
  spike: { method: 'GET', path: '/scores?prefix=spike&limit=1' },
  stall: {
    breaker: 'tool_ChordAnalysis',
    slowCall: ({ runId, number }) => analysisOf(`${runId}-${number}`, slowScore(number)),
    quickCall: ({ runId }: RunInfo<MusicParameters>) => analysisOf(`${runId}-quick`, quickScore()),
  },
};

function analysisOf(id: string, content: Buffer): StallCall {
  const { method, path, headers, body } = toolCallRequest(tool, { score_id: id }, id);
  const score = `/scores/${id}`;
  return {
    prepare: [{ method: 'PUT', path: score, headers: { 'content-type': 'audio/midi' }, body: content }],
    request: { method, path, headers, body },
    cleanUp: [{ method: 'DELETE', path: score }],
  };
}
