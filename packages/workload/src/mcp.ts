/**
 * A client for any MCP server with the Streamable HTTP transport (revisions 2025-03-26 and later).
 * One instance per user:
 *
 *     user: () => ({ mcp: new McpClient() }),
 *     operations: {
 *       add: {
 *         weight: 1,
 *         run: async ({ state, http, check }) => {
 *           const { structuredContent } = await state.mcp.callTool(http, 'add', { a: 1, b: 2 });
 *           check((structuredContent as { sum: number }).sum === 3, 'the sum');
 *         },
 *       },
 *     },
 *
 * The first call opens a session. If the server has lost it, in a crash for example, the attempt
 * ends as `session_lost`, and the next attempt opens another one. A server without sessions works,
 * too.
 */
import { corrupt, type Failure, refused } from './failure.ts';
import type { Attempt, Http, Request, RequestOrBuilder, Response } from './http.ts';

export interface McpOptions {
  /** Default: `/mcp`. */
  path?: string;
  /** Sent with every request, such as `authorization`. Lowercase names. */
  headers?: Record<string, string>;
  /** The revision to offer. Default: 2025-06-18. The server's choice counts. */
  protocolVersion?: string;
}

export interface McpTool {
  name: string;
  description?: string;
  inputSchema?: unknown;
}

export interface McpToolResult {
  content: { type: string; text?: string }[];
  structuredContent?: unknown;
  isError: boolean;
}

/** A function receives the attempt, whose `key` is the idempotency key of a write. */
type ToolInput = Record<string, unknown> | ((attempt: Attempt) => Record<string, unknown>);

interface ToolOptions {
  /** Checks the result; part of the attempt, like that of a request. */
  check?: (result: McpToolResult) => Failure | null | undefined;
  /** Accepts a result with `isError`. Otherwise it is a `server_error`. */
  acceptError?: boolean;
  /** Maximum bytes of the response. Default: 1 MB. */
  maxBytes?: number;
}

interface Session {
  /** Null if the server uses no sessions. */
  id: string | null;
  protocolVersion: string;
}

interface RpcMessage {
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
}

const clientInfo = { name: 'encore', version: '1' };
/** Codes of JSON-RPC: invalid request, unknown method, invalid parameters. */
const clientErrors = [-32_600, -32_601, -32_602];

export class McpClient {
  readonly #options: Required<McpOptions>;
  #session: Session | null = null;

  constructor(options: McpOptions = {}) {
    this.#options = { path: '/mcp', headers: {}, protocolVersion: '2025-06-18', ...options };
  }

  async callTool(http: Http, tool: string, input: ToolInput = {}, options: ToolOptions = {}): Promise<McpToolResult> {
    return resultOf(await http.request(this.toolRequest(http, tool, input, options)));
  }

  /** The request of a tool call, for `write`: `write(id, digest, mcp.toolRequest(http, ...))`. */
  toolRequest(
    http: Http,
    tool: string,
    input: ToolInput = {},
    { check, acceptError = false, maxBytes }: ToolOptions = {},
  ): RequestOrBuilder {
    const params = (attempt: Attempt) => ({
      name: tool,
      arguments: typeof input === 'function' ? input(attempt) : input,
    });
    return this.#request(
      http,
      'tools/call',
      params,
      tool,
      (response) => {
        const result = resultOf(response);
        if (!Array.isArray(result.content)) return corrupt(`not the result of a tool: ${response.text.slice(0, 120)}`);
        if (result.isError && !acceptError) return refused('server_error', textOf(result));
        return check?.(result) ?? null;
      },
      maxBytes,
    );
  }

  /** Lists all tools, page by page. */
  async listTools(http: Http): Promise<McpTool[]> {
    const tools: McpTool[] = [];
    let cursor: string | undefined;
    do {
      const after = cursor;
      const params = () => (after === undefined ? {} : { cursor: after });
      const response = await http.request(
        this.#request(http, 'tools/list', params, 'tools/list', (response) =>
          Array.isArray(messageOf(response)?.result?.['tools']) ? null : corrupt('no list of tools'),
        ),
      );
      const result = messageOf(response)?.result as { tools: McpTool[]; nextCursor?: string };
      tools.push(...result.tools);
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    return tools;
  }

  #request(
    http: Http,
    method: string,
    params: (attempt: Attempt) => Record<string, unknown>,
    name: string,
    check: (response: Response) => Failure | null,
    maxBytes?: number,
  ): RequestOrBuilder {
    return async (attempt: Attempt) => {
      this.#session ??= await this.#open(http);
      const session = this.#session;
      const request = this.#post({ jsonrpc: '2.0', id: attempt.id, method, params: params(attempt) }, session);
      return {
        ...request,
        name,
        status: [200, 400, 404],
        ...(maxBytes === undefined ? {} : { maxBytes }),
        check: (response) => {
          const lost = this.#lossIn(response, session);
          return lost ?? failureOf(response, attempt.id) ?? check(response);
        },
      };
    };
  }

  async #open(http: Http): Promise<Session> {
    const { protocolVersion } = this.#options;
    const params = { protocolVersion, capabilities: {}, clientInfo };
    const response = await http.request(({ id }) => ({
      ...this.#post({ jsonrpc: '2.0', id, method: 'initialize', params }, null),
      name: 'initialize',
      check: (response) => failureOf(response, id),
    }));
    const chosen = messageOf(response)?.result?.['protocolVersion'];
    const session = {
      id: response.headers['mcp-session-id'] ?? null,
      protocolVersion: typeof chosen === 'string' ? chosen : protocolVersion,
    };
    const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
    await http.request({ ...this.#post(initialized, session), name: 'notifications/initialized' });
    return session;
  }

  #post(message: object, session: Session | null): Request {
    const { path, headers } = this.#options;
    return {
      method: 'POST',
      path,
      headers: {
        ...headers,
        accept: 'application/json, text/event-stream',
        ...(session === null ? {} : { 'mcp-protocol-version': session.protocolVersion }),
        ...(session?.id ? { 'mcp-session-id': session.id } : {}),
      },
      json: message,
      keyHeader: null,
    };
  }

  /** The specification asks for 404; servers that keep their own table of sessions answer 400. */
  #lossIn(response: Response, session: Session): Failure | null {
    if (session.id === null || response.status === 200) return null;
    if (response.status === 400 && !/session/i.test(response.text)) return null;
    if (this.#session === session) this.#session = null;
    return { outcome: 'session_lost', detail: response.text.slice(0, 200) };
  }
}

function failureOf(response: Response, id: string): Failure | null {
  const message = messageOf(response, id);
  if (message?.error !== undefined) {
    const { code, message: text } = message.error;
    return refused(clientErrors.includes(code) ? 'client_error_unexpected' : 'server_error', `RPC ${code}: ${text}`);
  }
  if (response.status !== 200)
    return refused('client_error_unexpected', `${response.status} ${response.text.slice(0, 200)}`);
  return message?.result === undefined ? corrupt(`no result: ${response.text.slice(0, 120)}`) : null;
}

function resultOf(response: Response): McpToolResult {
  const { content, structuredContent, isError } = messageOf(response)?.result ?? {};
  return { content: content as McpToolResult['content'], structuredContent, isError: isError === true };
}

function textOf({ content }: McpToolResult): string {
  return content
    .map(({ text = '' }) => text)
    .join(' ')
    .slice(0, 200);
}

/** The response with this id, or the last one, of a JSON body or an event stream. */
function messageOf(response: Response, id?: string): RpcMessage | undefined {
  const type = response.headers['content-type'] ?? '';
  const texts = /^text\/event-stream\b/i.test(type) ? eventsOf(response.text) : [response.text];
  // A stream may also carry notifications, and requests of the server.
  const messages = texts.map(parse).filter((message) => message && ('result' in message || 'error' in message));
  return (messages.find((message) => message?.['id'] === id) ?? messages.at(-1)) as RpcMessage | undefined;
}

function eventsOf(text: string): string[] {
  return text.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n'),
  );
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
