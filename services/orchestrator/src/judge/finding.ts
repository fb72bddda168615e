/** Result of one rule or one evidence requirement. */
export interface Finding {
  name: string;
  status: 'ok' | 'failed' | 'unknown';
  reason: string;
  /** True if the evidence would have come later in the run, so an interrupted run may lack it. */
  waivedIfInterrupted?: boolean;
}
