/**
 * One toxic on one proxy, as the API shows it. Immutable: a change creates a new one of the same
 * name.
 */
export interface ToxicSetting {
  readonly name: string;
  readonly type: string;
  readonly stream: 'upstream' | 'downstream';
  /** Share of streams that it affects, from 0 to 1, drawn once per stream. */
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number>>;
}
