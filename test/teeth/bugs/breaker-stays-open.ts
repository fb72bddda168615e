/** A circuit breaker that has opened lets no call through any more, not even to try. */
import { CircuitBreaker as Right } from '../../../services/server/src/resilience/circuit-breaker.ts';
import { hit } from '../hits.ts';

export * from '../../../services/server/src/resilience/circuit-breaker.ts';

export class CircuitBreaker extends Right {
  override ask(): ReturnType<Right['ask']> {
    if (this.state !== 'half_open') return super.ask();
    hit();
    return null;
  }
}
