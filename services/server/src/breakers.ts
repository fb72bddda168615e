/** The circuit breakers of the server: one for the database and one for each tool. */
import { type Logger, systemClock } from '@encore/kit';
import { isDatabaseFailure } from './database/database.ts';
import { type BreakerState, CircuitBreaker } from './resilience/circuit-breaker.ts';
import type { ServerConfig } from './server-config.ts';
import { breakerName } from './tools/tool.ts';
import { isToolFailure } from './tools/tool-runner.ts';

interface Breakers {
  database: CircuitBreaker;
  /** By tool name. */
  tools: Map<string, CircuitBreaker>;
}

export function createBreakers(limits: ServerConfig, toolNames: readonly string[], logger: Logger): Breakers {
  const { failures, successes, open_seconds, database_open_seconds } = limits.breaker;
  const common = (name: string) => ({
    name,
    failures,
    clock: systemClock,
    onChange: (state: BreakerState) => logger.warn({ breaker: name, state }, 'circuit breaker'),
  });
  const forTool = (tool: string): CircuitBreaker =>
    new CircuitBreaker({
      ...common(breakerName(tool)),
      successes,
      openMs: open_seconds * 1_000,
      timeoutMs: limits.tool_timeout * 1_000,
      isFailure: isToolFailure,
    });
  return {
    database: new CircuitBreaker({
      ...common('database'),
      successes: 1,
      openMs: database_open_seconds * 1_000,
      // Connecting and each statement have their own timeouts.
      timeoutMs: false,
      isFailure: isDatabaseFailure,
    }),
    tools: new Map(toolNames.map((tool) => [tool, forTool(tool)])),
  };
}
