/** One toxic on one proxy, as the API shows it. Immutable: a change makes a new one of the same name. */
export interface ToxicSetting {
  readonly name: string;
  readonly type: string;
  readonly stream: 'upstream' | 'downstream';
  /** The share of links that it acts on, drawn once per link. */
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number>>;
}
