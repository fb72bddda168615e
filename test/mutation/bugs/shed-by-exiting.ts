/** The server exits instead of rejecting a request for overload. */
import { Admission as Right } from '../../../services/server/src/resilience/admission.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/resilience/admission.ts';

export class Admission extends Right {
  override refusal(...request: Parameters<Right['refusal']>): ReturnType<Right['refusal']> {
    const refusal = super.refusal(...request);
    if (refusal === null) return null;
    trigger();
    process.exit(1);
  }
}
