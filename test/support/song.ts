/**
 * A real song for the end-to-end tests: from ENCORE_CORPUS if set, with its key as found by human
 * analysts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Song {
  bytes: Uint8Array<ArrayBuffer>;
  key: string;
}

export async function readSong(corpus: string): Promise<Song> {
  const file = 'schumann-robert-dichterliebe-op-48-03-die-rose-die-lilie.mxl';
  const index = JSON.parse(await readFile(join(corpus, 'scores', 'index.json'), 'utf8')) as {
    file: string;
    key: string;
  }[];
  const entry = index.find((song) => song.file === file);
  assert.ok(entry, `${file} is not in the corpus`);
  return { bytes: new Uint8Array(await readFile(join(corpus, 'scores', file))), key: entry.key };
}

/** Creates, analyses and exports one song as a user would, against `baseUrl`. */
export async function playSong(baseUrl: string, song: Song): Promise<void> {
  const id = `song-${Date.now()}`;
  const stored = await fetch(`${baseUrl}/scores/${id}`, {
    method: 'PUT',
    body: song.bytes,
    headers: { 'idempotency-key': `create-${id}` },
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(stored.status, 201, await stored.text());
  const analysis = await callTool(baseUrl, 'key_analysis', { score_id: id });
  assert.equal(analysis['key'], song.key);
  const exported = await fetch(`${baseUrl}/scores/${id}`, { signal: AbortSignal.timeout(10_000) });
  const hash = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  assert.equal(hash(new Uint8Array(await exported.arrayBuffer())), hash(song.bytes));
  const asMusicXml = await callTool(baseUrl, 'export_score', { score_id: id, format: 'musicxml' });
  assert.match(String(asMusicXml['content']), /<score-partwise/);
  assert.equal(
    (await fetch(`${baseUrl}/scores/${id}`, { method: 'DELETE', signal: AbortSignal.timeout(10_000) })).status,
    204,
  );
}

async function callTool(
  baseUrl: string,
  name: string,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${baseUrl}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  // The response is plain JSON or one event of a stream.
  const json = text.startsWith('{') ? text : (text.match(/^data: ?(\{.*)$/m)?.[1] ?? '{}');
  const { result } = JSON.parse(json) as {
    result?: { isError?: boolean; structuredContent?: Record<string, unknown> };
  };
  assert.ok(
    result?.structuredContent && result.isError !== true,
    `${name} answered ${response.status} ${text.slice(0, 500)}`,
  );
  return result.structuredContent;
}
