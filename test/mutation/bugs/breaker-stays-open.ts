/** An open circuit breaker admits no more calls, not even a trial. */
import { BreakerOpen, CircuitBreaker as Right } from '../../../services/server/src/resilience/circuit-breaker.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/resilience/circuit-breaker.ts';

export class CircuitBreaker extends Right {
  override run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.state !== 'half_open') return super.run(call);
    trigger();
    return Promise.reject(new BreakerOpen(this.name, null));
  }
}
