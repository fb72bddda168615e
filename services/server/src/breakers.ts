/** The circuit breakers of the server: one before the database, one before each tool. */
import { type Logger, systemClock } from '@encore/kit';
import type { Settings } from './config.ts';
import { type BreakerRules, CircuitBreaker } from './resilience/circuit-breaker.ts';
import { tools } from './tools/index.ts';
import { breakerName } from './tools/tool.ts';

interface Breakers {
  database: CircuitBreaker;
  /** By the name of the tool. */
  tools: Map<string, CircuitBreaker>;
}

export function createBreakers({ limits }: Settings, logger: Logger): Breakers {
  const { failures, successes, open_seconds, database_open_seconds } = limits.breaker;
  const forTools = { failures, successes, openMs: open_seconds * 1_000 };
  const forDatabase = { failures, successes: 1, openMs: database_open_seconds * 1_000 };
  const create = (name: string, rules: BreakerRules): CircuitBreaker => {
    const breaker = new CircuitBreaker(name, rules, systemClock);
    breaker.onChange((state) => logger.warn({ breaker: name, state }, 'circuit breaker'));
    return breaker;
  };
  return {
    database: create('database', forDatabase),
    tools: new Map(tools.map(({ name }) => [name, create(breakerName(name), forTools)])),
  };
}
