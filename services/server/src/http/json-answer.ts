import type { ServerResponse } from 'node:http';

/** The whole answer as JSON. Text goes out in one write with its head. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}
