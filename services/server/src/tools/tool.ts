/** The definition of a tool: data, schemas and one function. index.ts lists all tools. */
import type { ServerHealth } from '@encore/contracts';
import type { z } from 'zod';
import type { Cost } from '../resilience/admission.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';

/** What a tool may request from the server itself. */
export interface ServerControl {
  health: () => Promise<ServerHealth>;
  /** Frees memory whose content can be computed again. */
  cleanup: () => { scores_dropped: number; used_bytes_before: number; used_bytes_after: number };
}

export interface ToolContext {
  library: ScoreLibrary;
  control: ServerControl;
  /** Aborted at the tool's deadline, and when the client disconnects or cancels. */
  signal: AbortSignal;
}

export interface Tool<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  /** What it does with stored scores. */
  effect: 'reads' | 'writes' | 'deletes';
  /** Heavy work is refused first when the server runs out of slots or memory. */
  cost: Cost;
  run(input: z.infer<Input>, context: ToolContext): Promise<z.infer<Output>>;
}

/** Types a tool by its schemas, then erases the types so that all tools fit into one table. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(tool: Tool<Input, Output>): Tool {
  return tool as unknown as Tool;
}

/** The breaker of `import_score` is `tool_ImportScore`. */
export function breakerName(toolName: string): string {
  const capitalized = toolName.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `tool_${capitalized.join('')}`;
}
