/** What a tool is: data, schemas and one function. The table in index.ts is the only list of them. */
import type { ServerHealth } from '@encore/contracts';
import type { z } from 'zod';
import type { Cost } from '../resilience/admission.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';

/** What a tool may ask of the server itself. */
export interface ServerControl {
  health: () => Promise<ServerHealth>;
  /** Drops what can be computed again. */
  cleanup: () => { scores_dropped: number; used_bytes_before: number; used_bytes_after: number };
}

export interface ToolContext {
  library: ScoreLibrary;
  control: ServerControl;
  /** Aborted at the tool's deadline, and when the client has gone or cancelled. */
  signal: AbortSignal;
}

export interface Tool<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  readOnly: boolean;
  destructive: boolean;
  /** Heavy work is the first to be refused when the server is short of anything. */
  cost: Cost;
  run(input: z.infer<Input>, context: ToolContext): Promise<z.infer<Output>>;
}

/** Types a tool by its schemas and forgets them again, so that all tools fit into one table. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(tool: Tool<Input, Output>): Tool {
  return tool as unknown as Tool;
}

/** `import_score` has the breaker `tool_ImportScore`. */
export function breakerName(toolName: string): string {
  const words = toolName.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `tool_${words.join('')}`;
}
