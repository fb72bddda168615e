/** The probe, which reads one small score, and the request of the capacity test. */
import type { DataRequest, Probe, RunInfo } from '@encore/workload';
import { toolCallRequest } from './mcp-call.ts';
import { describeScore, type ScoreRecipe, scoreText } from './score-generator.ts';

const smallBytes = 4_000;
/** Follows the pattern of a run's scores, so that the next run deletes it. */
const testedId = 'test-probe-1';

export async function probeScore({ runId, number }: Pick<RunInfo, 'runId'> & { number: number }): Promise<Probe> {
  const id = `${runId}-probe-${number}`;
  const recipe = { seed: id, targetBytes: smallBytes };
  const { sha256 } = await describeScore(recipe);
  return {
    request: { method: 'GET', path: `/scores/${id}` },
    expect: { status: 200, headers: { etag: /^(?:W\/)?"1"$/ }, digest: sha256 },
    object: {
      id,
      digest: sha256,
      version: 1,
      request: putRequest(id, recipe),
      expect: { contains: `"sha256":"${sha256}"` },
    },
  };
}

export function capacityTest(): { prepare: DataRequest; request: DataRequest } {
  const { method, path, headers, body } = toolCallRequest('key_analysis', { score_id: testedId }, 'test');
  return {
    prepare: putRequest(testedId, { seed: 'test', targetBytes: smallBytes }),
    request: { method, path, headers, body },
  };
}

function putRequest(id: string, recipe: ScoreRecipe): DataRequest {
  const headers = { 'content-type': 'application/vnd.recordare.musicxml+xml', 'idempotency-key': `${id}-w1` };
  return { method: 'PUT', path: `/scores/${id}`, headers, body: scoreText(recipe) };
}
