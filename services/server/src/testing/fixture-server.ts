/** For tests: a server on free ports with its own scratch folder, and helpers that call it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, mcpToolCall, waitUntil } from '@encore/kit';
import type { Settings } from '../config.ts';
import { serverConfigSchema } from '../server-config.ts';
import { type RunningServer, startServer } from '../start-server.ts';

export interface FixtureServer extends AsyncDisposable {
  readonly url: string;
  readonly healthUrl: string;
  readonly running: RunningServer;
  /** Waits until the server reports that it is ready, which needs a database. */
  ready(): Promise<void>;
  put(id: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  /** Calls a tool and returns `isError` and the structured content of its result. */
  call(tool: string, args: Record<string, unknown>): Promise<ToolCallResult>;
}

export interface ToolCallResult {
  isError: boolean;
  content: Record<string, unknown>;
  code: string | null;
}

export async function startFixtureServer(
  databaseUrl: string,
  limits: Record<string, unknown> = {},
  settings: Partial<Settings> = {},
): Promise<FixtureServer> {
  const scratchDir = mkdtempSync(join(tmpdir(), 'encore-scratch-'));
  const running = await startServer(
    {
      host: '127.0.0.1',
      port: 0,
      healthPort: 0,
      databaseUrl,
      scratchDir,
      allowedHosts: ['localhost', '127.0.0.1'],
      memoryLimitFile: null,
      logLevel: 'silent',
      limits: serverConfigSchema.parse({ memory_limit_mb: 8_192, ...limits }),
      ...settings,
    },
    createLogger('server', 'silent'),
  );
  const url = `http://127.0.0.1:${running.port}`;
  const healthUrl = `http://127.0.0.1:${running.healthPort}`;
  return {
    url,
    healthUrl,
    running,
    async ready() {
      const isReady = async () => (await fetch(`${healthUrl}/health/ready`)).ok;
      await waitUntil('readiness', isReady, { timeoutMs: 10_000 });
    },
    put: (id, body, headers = {}) => fetch(`${url}/scores/${id}`, { method: 'PUT', body, headers }),
    call: (tool, args) => callTool(url, tool, args),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      rmSync(scratchDir, { recursive: true, force: true });
    },
  };
}

/** Sends the call as a client of MCP 2026-07-28 does, without a client library. */
async function callTool(url: string, tool: string, args: Record<string, unknown>): Promise<ToolCallResult> {
  const call = mcpToolCall({ client: 'test', id: 1, tool, input: args });
  const response = await fetch(`${url}/mcp`, { method: 'POST', ...call });
  const answer = (await response.json()) as {
    result?: { isError?: boolean; structuredContent: Record<string, unknown> };
    error?: { code: string };
  };
  if (!answer.result) return { isError: true, content: {}, code: String(answer.error?.code) };
  const content = answer.result.structuredContent;
  const code = (content['error'] as { code: string } | undefined)?.code ?? null;
  return { isError: answer.result.isError === true, content, code };
}

/** A small MusicXML document. Different values of `step` make different documents. */
export function smallScore(step = 'C', measures = 1): string {
  const note = `<note><pitch><step>${step}</step><octave>4</octave></pitch><duration>4</duration></note>`;
  const body = Array.from({ length: measures }, (_, i) => {
    const attributes = i === 0 ? '<attributes><divisions>1</divisions></attributes>' : '';
    return `<measure number="${i + 1}">${attributes}${note}</measure>`;
  }).join('');
  return `<?xml version="1.0"?><score-partwise><part-list><score-part id="P1"><part-name>A</part-name></score-part></part-list><part id="P1">${body}</part></score-partwise>`;
}
