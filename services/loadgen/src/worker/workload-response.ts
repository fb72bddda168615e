/** A response as the workload sees it. */
import { CheckFailed, corrupt, type Response } from '@encore/workload';
import type { HttpResponse } from '../http/exchange.ts';

export class WorkloadResponse implements Response {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly text: string;
  readonly digest: string;
  readonly bytes: number;
  readonly value: unknown;
  readonly durationMs: number;

  constructor({ status, headers, text, digest, bytes, value }: HttpResponse, durationMs: number) {
    this.status = status;
    this.headers = headers;
    this.text = text;
    this.digest = digest;
    this.bytes = bytes;
    this.value = value;
    this.durationMs = durationMs;
  }

  json(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      throw new CheckFailed(corrupt(`not JSON: ${this.text.slice(0, 120)}`));
    }
  }
}
