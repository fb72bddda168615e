/**
 * Runs one tool call: validates arguments, then applies circuit breaker, slot, deadline and
 * metrics.
 */
import { describeError, EncoreError, parse } from '@encore/kit';
import type { Metrics, ToolResult } from '../metrics.ts';
import type { Admission } from '../resilience/admission.ts';
import { BreakerOpen, CallTimeout, type CircuitBreaker } from '../resilience/circuit-breaker.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';
import type { ServerControl, Tool } from './tool.ts';

export interface ToolRunnerOptions {
  library: ScoreLibrary;
  control: ServerControl;
  admission: Admission;
  /** One per tool, by tool name. They set the deadline of a call. */
  breakers: ReadonlyMap<string, CircuitBreaker>;
  metrics: Metrics;
}

export class ToolRunner {
  readonly #options: ToolRunnerOptions;

  constructor(options: ToolRunnerOptions) {
    this.#options = options;
  }

  /** Rejects with an EncoreError. */
  async run(tool: Tool, args: unknown, clientSignal: AbortSignal): Promise<unknown> {
    const { metrics, admission, breakers } = this.#options;
    const endTimer = metrics.toolDurations.startTimer({ tool: tool.name });
    let result: ToolResult = 'failed';
    try {
      const breaker = breakers.get(tool.name);
      if (!breaker) throw new EncoreError('INTERNAL', `${tool.name} has no circuit breaker`);
      const input = parse(tool.input, args ?? {}, 'arguments');
      const call = () => breaker.run((timeout) => this.#call(tool, input, clientSignal, timeout));
      // A call that the breaker refuses does no work, so it must not wait for a slot.
      const output = await (breaker.admits ? admission.run(tool.cost, call, clientSignal) : call());
      result = 'ok';
      return output;
    } catch (error) {
      const known = knownError(error, tool, clientSignal);
      result = resultOf(known);
      throw known;
    } finally {
      endTimer();
      metrics.toolCalls.inc({ tool: tool.name, result });
    }
  }

  async #call(tool: Tool, input: unknown, clientSignal: AbortSignal, timeout: AbortSignal): Promise<unknown> {
    const { library, control } = this.#options;
    try {
      return await tool.run(input, { library, control, signal: AbortSignal.any([clientSignal, timeout]) });
    } catch (error) {
      throw knownError(error, tool, clientSignal);
    }
  }
}

/** Whether a call's error counts against its tool. */
export function isToolFailure(error: unknown): boolean {
  return !(error instanceof EncoreError) || resultOf(error) === 'failed';
}

/**
 * Only the tool's own errors count as failures, not those of its caller, the database or an
 * overloaded server.
 */
function resultOf({ status }: EncoreError): ToolResult {
  if (status < 500) return 'caller_fault';
  return status === 503 ? 'rejected' : 'failed';
}

function knownError(error: unknown, { name }: Tool, clientSignal: AbortSignal): EncoreError {
  // An aborted client signal interrupts the work anywhere, so the error itself does not show the
  // reason.
  if (clientSignal.aborted) return new EncoreError('CLIENT_GONE', 'the client disconnected', { cause: error });
  if (error instanceof EncoreError) return error;
  if (error instanceof BreakerOpen) return breakerOpen(name, error);
  if (error instanceof CallTimeout) return new EncoreError('TOOL_TIMEOUT', error.message);
  return new EncoreError('INTERNAL', describeError(error), { cause: error });
}

function breakerOpen(tool: string, { retryAfterMs }: BreakerOpen): EncoreError {
  const when = retryAfterMs === null ? 'in a moment' : `in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return new EncoreError('BREAKER_OPEN', `${tool} failed several times in a row; try again ${when}`);
}
