/**
 * An in-memory server with the same contract, for tests. It is correct by default; a hook can make
 * it respond wrongly, late or not at all, or lose writes.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeScore {
  id: string;
  version: number;
  content: Buffer;
  previous: Buffer | null;
}

/** A request; `name` is "PUT", "GET", "DELETE", "LIST" or the name of a tool. */
export interface FakeCall {
  name: string;
  id: string;
  request: IncomingMessage;
  response: ServerResponse;
}

export type WrongAnswer =
  | 'wrong-key'
  | 'foreign-document'
  | 'flipped-byte'
  | 'old-version'
  | 'truncated'
  | 'empty'
  | 'lost-write'
  | 'no-answer'
  | 'handled';

const musicxml = 'application/vnd.recordare.musicxml+xml';

export class FakeServer implements AsyncDisposable {
  readonly scores = new Map<string, FakeScore>();
  readonly keys = new Map<string, { id: string; version: number }>();
  readonly server: Server;
  calls = 0;
  bytesIn = 0;
  /**
   * Called before each response. Returns a wrong answer to give, 'handled' if the hook responded.
   */
  hook: (call: FakeCall) => WrongAnswer | undefined | Promise<WrongAnswer | undefined> = () => undefined;

  private constructor() {
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(port = 0): Promise<FakeServer> {
    const fake = new FakeServer();
    await once(fake.server.listen(port, '127.0.0.1'), 'listening');
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.calls += 1;
    const url = new URL(request.url ?? '/', 'http://fake');
    const id = url.pathname.split('/')[2] ?? '';
    if (url.pathname === '/mcp') return this.#serveTool(request, response);
    const name = id === '' ? 'LIST' : (request.method ?? '');
    const body = name === 'PUT' ? await this.#read(request) : Buffer.alloc(0);
    const wrong = await this.hook({ name, id, request, response });
    if (wrong === 'handled') return;
    if (name === 'LIST') return this.#list(url, response);
    if (name === 'PUT') return this.#put(request, response, id, body, wrong);
    if (name === 'GET') return this.#get(response, id, wrong);
    const existed = wrong === 'lost-write' ? this.scores.has(id) : this.scores.delete(id);
    sendJson(response, existed ? 204 : 404, existed ? undefined : errorOf('NOT_FOUND', `no score ${id}`));
  }

  async #read(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    this.bytesIn += body.length;
    return body;
  }

  #list(url: URL, response: ServerResponse): void {
    const after = url.searchParams.get('after') ?? '';
    const limit = Number(url.searchParams.get('limit') ?? 100);
    const prefix = url.searchParams.get('prefix') ?? '';
    const ids = [...this.scores.keys()].filter((id) => id.startsWith(prefix) && id > after).sort();
    const page = ids.slice(0, limit).flatMap((id) => this.scores.get(id) ?? []);
    const next = ids.length > limit ? page.at(-1)?.id : null;
    sendJson(response, 200, { scores: page.map((score) => stored(score, false)), next });
  }

  /** Stores and returns the score, or returns the status of the error. */
  write(
    id: string,
    body: Buffer,
    key: string,
    ifMatch: number | null,
  ): { score: FakeScore; replayed: boolean } | number {
    const used = this.keys.get(key);
    const known = this.scores.get(id);
    if (used && known) return { score: { ...known, version: used.version }, replayed: true };
    if (ifMatch !== null && known?.version !== ifMatch) return known ? 412 : 404;
    const score = { id, version: (known?.version ?? 0) + 1, content: body, previous: known?.content ?? null };
    this.scores.set(id, score);
    this.keys.set(key, { id, version: score.version });
    return { score, replayed: false };
  }

  #put(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    body: Buffer,
    wrong: WrongAnswer | undefined,
  ): void {
    const ifMatch = request.headers['if-match'];
    const key = String(request.headers['idempotency-key'] ?? '');
    const before = this.scores.get(id);
    const result = this.write(id, body, key, ifMatch === undefined ? null : Number(ifMatch.replaceAll('"', '')));
    if (typeof result === 'number') {
      sendJson(response, result, errorOf('PRECONDITION_FAILED', 'not that version'));
      return;
    }
    if (wrong === 'lost-write') {
      if (before) this.scores.set(id, before);
      else this.scores.delete(id);
    }
    if (wrong === 'no-answer') {
      response.socket?.destroy();
      return;
    }
    if (wrong === 'empty') {
      sendJson(response, 200, undefined);
      return;
    }
    const status = result.replayed || before ? 200 : 201;
    sendJson(response, status, stored(result.score, result.replayed));
  }

  #get(response: ServerResponse, id: string, wrong: WrongAnswer | undefined): void {
    const score = this.scores.get(id);
    if (!score) {
      sendJson(response, 404, errorOf('NOT_FOUND', `no score ${id}`));
      return;
    }
    const { content, version } = this.#contentFor(score, wrong);
    response.writeHead(200, { 'content-type': musicxml, 'content-length': content.length, etag: `"${version}"` });
    response.end(content);
  }

  /** Returns the stored content, or a wrong one. */
  #contentFor(score: FakeScore, wrong: WrongAnswer | undefined): { content: Buffer; version: number } {
    const { content, version, previous } = score;
    if (wrong === 'empty') return { content: Buffer.alloc(0), version };
    if (wrong === 'truncated') return { content: content.subarray(0, content.length - 100), version };
    if (wrong === 'old-version') return { content: previous ?? content, version: previous ? version - 1 : version };
    if (wrong === 'foreign-document') {
      const other = [...this.scores.values()].find(({ id }) => id !== score.id);
      return { content: other?.content ?? Buffer.from('<score-partwise/>'), version };
    }
    if (wrong !== 'flipped-byte') return { content, version };
    const flipped = Buffer.from(content);
    // Flips the lowest bit of an octave number, so that the document stays well-formed.
    const at = content.indexOf('<octave>', content.length / 2) + '<octave>'.length;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return { content: flipped, version };
  }

  async #serveTool(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = JSON.parse((await this.#read(request)).toString('utf8')) as ToolCall;
    const input = call.params.arguments;
    const id = input['score_id'] ?? '';
    const wrong = await this.hook({ name: call.params.name, id, request, response });
    if (wrong === 'handled') return;
    if (wrong === 'empty') return sendJson(response, 200, undefined);
    const output = this.#tool(call.params.name, input, wrong);
    const isError = 'error' in output;
    const result = { content: [], structuredContent: output, isError };
    sendJson(response, 200, { jsonrpc: '2.0', id: call.id, result });
  }

  #tool(name: string, input: Record<string, string>, wrong: WrongAnswer | undefined): Record<string, unknown> {
    const id = input['score_id'] ?? '';
    if (name === 'import_score') return this.#import(id, input, wrong);
    const score = this.scores.get(id);
    if (!score) return errorOf('NOT_FOUND', `no score ${id}`);
    const { content, version } = this.#contentFor(score, wrong);
    if (name === 'key_analysis') {
      const key = wrong === 'wrong-key' ? 'B# minor' : keyIn(content);
      return { score_id: id, version, key, correlation: 0.9, evidence: 0.9, margin: 0.1, alternatives: [] };
    }
    const text = content.toString('utf8');
    return { score_id: id, version, format: 'musicxml', encoding: 'text', content: text, sha256: hashOf(content) };
  }

  #import(id: string, input: Record<string, string>, wrong: WrongAnswer | undefined): Record<string, unknown> {
    const body = Buffer.from(input['content'] ?? '');
    const result = this.write(id, body, input['idempotency_key'] ?? '', null);
    if (typeof result === 'number') return errorOf('CONFLICT', 'exists');
    if (wrong === 'lost-write') this.scores.delete(id);
    const text = body.toString('utf8');
    const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
    return {
      score_id: id,
      version: result.score.version,
      sha256: hashOf(body),
      format: 'musicxml',
      parts: 1,
      measures: count(/<measure /g),
      notes: count(/<note>/g),
    };
  }
}

interface ToolCall {
  id: string;
  params: { name: string; arguments: Record<string, string> };
}

/** Derives the key from the key signature, without analysis. */
function keyIn(content: Buffer): string {
  const head = content.subarray(0, 2_000).toString('utf8');
  const [, fifths = '0', mode = 'major'] = /<fifths>(-?\d+)<\/fifths><mode>(\w+)</.exec(head) ?? [];
  const tonic = Number(fifths) + (mode === 'minor' ? 3 : 0);
  const names = ['Ab', 'Eb', 'Bb', 'F', 'C', 'G', 'D', 'A', 'E', 'B', 'F#', 'C#'];
  return `${names[tonic + 4] ?? '?'} ${mode}`;
}

function stored({ id, version, content }: FakeScore, replayed: boolean): Record<string, unknown> {
  return { id, version, bytes: content.length, sha256: hashOf(content), format: 'musicxml', replayed };
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function errorOf(code: string, message: string, definite = true): { error: Record<string, unknown> } {
  return { error: { code, message, definite } };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
