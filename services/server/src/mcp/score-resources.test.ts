import assert from 'node:assert/strict';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { describe, it } from 'mocha';
import type { ScoreLibrary } from '../scores/score-library.ts';
import { registerScoreResources } from './score-resources.ts';

const limit = 4 * 1024 * 1024;

/** Reads a resource of this size; the store fails if its content is read beyond the limit. */
async function read(bytes: number): Promise<{ error?: { code: number; message: string }; result?: unknown }> {
  const store = {
    head: async () => ({ id: 'large', bytes, format: 'midi' }),
    async *read() {
      assert.ok(bytes <= limit, 'a large score is read into memory');
      yield Buffer.from('MThd');
    },
  };
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { resources: {} } });
    registerScoreResources(server, { store } as unknown as ScoreLibrary);
    return server;
  });
  const message = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'score:///large' } };
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const init = { method: 'POST', headers, body: JSON.stringify(message) };
  const text = await (await handler.fetch(new Request('http://localhost/mcp', init))).text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
}

describe('score resources', () => {
  it('are read into memory up to 4 MB', async () => {
    assert.ok((await read(limit)).result);
    const { error } = await read(limit + 1);
    assert.match(error?.message ?? '', /limited to 4 MB; use GET \/scores\/large/);
  });
});
