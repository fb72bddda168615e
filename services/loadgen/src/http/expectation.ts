/** Compares the response to a probe with what is expected. */
import { corrupt, type ErrorFormat, type Failure, type ProbeExpectation, stale } from '@encore/workload';
import { failureOfStatus } from './classify-outcome.ts';
import type { HttpResponse } from './exchange.ts';

/** Returns null if the response is correct. `isStored`: the requested object was acknowledged. */
export function failureOfProbe(
  response: HttpResponse,
  expected: ProbeExpectation,
  { errors, isStored }: { errors: ErrorFormat | undefined; isStored: boolean },
): Failure | null {
  if (isStored && response.status === 404) return stale('an acknowledged object is absent');
  return failureOfStatus(response, expected.status, errors) ?? failureOfContent(response, expected);
}

function failureOfContent(response: HttpResponse, { headers, digest, contains }: ProbeExpectation): Failure | null {
  for (const [name, right] of Object.entries(headers ?? {})) {
    const value = response.headers[name];
    const holds = typeof right === 'string' ? value === right : value !== undefined && right.test(value);
    if (!holds) return corrupt(`header ${name} is ${value ?? 'absent'} instead of ${right}`);
  }
  if (digest !== undefined && response.digest !== digest)
    return corrupt(`wrong digest; the body has ${response.bytes} bytes`);
  if (contains !== undefined && !response.text.includes(contains)) return corrupt(`the body lacks ${contains}`);
  return null;
}
