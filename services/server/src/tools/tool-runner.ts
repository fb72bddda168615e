/** One tool call, from arguments to a right answer or a typed error: checks, deadline, counting. */
import { describeError, EncoreError, parse } from '@encore/kit';
import type { Metrics } from '../metrics.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';
import type { Tool } from './tool.ts';

export interface ToolRunnerOptions {
  library: ScoreLibrary;
  metrics: Metrics;
  timeoutMs: number;
}

export class ToolRunner {
  readonly #options: ToolRunnerOptions;

  constructor(options: ToolRunnerOptions) {
    this.#options = options;
  }

  async run(tool: Tool, args: unknown, clientSignal: AbortSignal): Promise<unknown> {
    const { library, metrics, timeoutMs } = this.#options;
    const endTimer = metrics.toolDurations.startTimer({ tool: tool.name });
    let result: 'ok' | 'caller_fault' | 'failed' = 'failed';
    try {
      const input = parse(tool.input, args ?? {}, 'arguments');
      const signal = AbortSignal.any([clientSignal, deadline(timeoutMs)]);
      const output = await tool.run(input, { library, signal });
      result = 'ok';
      return output;
    } catch (error) {
      const known = error instanceof EncoreError ? error : internal(error);
      if (known.status < 500) result = 'caller_fault';
      throw known;
    } finally {
      endTimer();
      metrics.toolCalls.inc({ tool: tool.name, result });
    }
  }
}

function deadline(timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const error = new EncoreError('TOOL_TIMEOUT', `the tool took longer than ${timeoutMs} ms`, { status: 504 });
  setTimeout(() => controller.abort(error), timeoutMs).unref();
  return controller.signal;
}

function internal(error: unknown): EncoreError {
  return new EncoreError('INTERNAL', describeError(error), { cause: error });
}
