/** One tool call, from arguments to a right answer or a typed error: checks, breaker, place, deadline, counting. */
import { describeError, EncoreError, parse } from '@encore/kit';
import type { Metrics, ToolResult } from '../metrics.ts';
import type { Admission } from '../resilience/admission.ts';
import type { CircuitBreaker, Verdict } from '../resilience/circuit-breaker.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';
import type { ServerControl, Tool } from './tool.ts';

export interface ToolRunnerOptions {
  library: ScoreLibrary;
  control: ServerControl;
  admission: Admission;
  /** One for each tool, by the tool's name. */
  breakers: ReadonlyMap<string, CircuitBreaker>;
  metrics: Metrics;
  timeoutMs: number;
}

export class ToolRunner {
  readonly #options: ToolRunnerOptions;

  constructor(options: ToolRunnerOptions) {
    this.#options = options;
  }

  async run(tool: Tool, args: unknown, clientSignal: AbortSignal): Promise<unknown> {
    const { metrics, admission, breakers } = this.#options;
    const endTimer = metrics.toolDurations.startTimer({ tool: tool.name });
    const deadline = new AbortController();
    let result: ToolResult = 'failed';
    let verdict: Verdict = 'neutral';
    const report = breakers.get(tool.name)?.ask();
    try {
      if (!report) throw breakerOpen(tool.name, breakers.get(tool.name)?.retryAfterMs ?? 0);
      const input = parse(tool.input, args ?? {}, 'arguments');
      const output = await admission.run(
        tool.cost,
        () => this.#work(tool, input, clientSignal, deadline),
        clientSignal,
      );
      result = 'ok';
      verdict = 'success';
      return output;
    } catch (error) {
      const known = knownError(error, clientSignal, deadline.signal);
      ({ result, verdict } = judge(known));
      throw known;
    } finally {
      report?.(verdict);
      endTimer();
      metrics.toolCalls.inc({ tool: tool.name, result });
    }
  }

  async #work(tool: Tool, input: unknown, clientSignal: AbortSignal, deadline: AbortController): Promise<unknown> {
    const { library, control, timeoutMs } = this.#options;
    const timer = setTimeout(() => deadline.abort(toolTimeout(timeoutMs)), timeoutMs);
    try {
      const signal = AbortSignal.any([clientSignal, deadline.signal]);
      return await tool.run(input, { library, control, signal });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Only what the tool itself did wrong counts against it: not its caller, not the database, not a server that is full. */
function judge(error: EncoreError): { result: ToolResult; verdict: Verdict } {
  if (error.status < 500) return { result: 'caller_fault', verdict: 'neutral' };
  if (error.status === 503) return { result: 'rejected', verdict: 'neutral' };
  return { result: 'failed', verdict: 'failure' };
}

function toolTimeout(timeoutMs: number): EncoreError {
  return new EncoreError('TOOL_TIMEOUT', `the tool took longer than ${timeoutMs} ms`, { status: 504 });
}

function breakerOpen(tool: string, retryAfterMs: number): EncoreError {
  const when = retryAfterMs > 0 ? `in ${Math.ceil(retryAfterMs / 1_000)} s` : 'in a moment';
  return new EncoreError('BREAKER_OPEN', `${tool} failed several times in a row; try again ${when}`, {
    status: 503,
    definite: true,
  });
}

/** A client that has gone, or the deadline, aborts the work wherever it is just then, and the error says what was cut, not why. */
function knownError(error: unknown, clientSignal: AbortSignal, deadline: AbortSignal): EncoreError {
  if (clientSignal.aborted) return new EncoreError('CLIENT_GONE', 'the client has gone', { status: 499, cause: error });
  if (error instanceof EncoreError) return error;
  if (deadline.aborted) return deadline.reason;
  return new EncoreError('INTERNAL', describeError(error), { cause: error });
}
