export interface Page {
  after: number;
  limit: number;
}

/**
 * One page of a list: skips `after` items. `next` is the `after` of the next page, null on the last
 * one.
 */
export function pageOf<T>(
  items: readonly T[],
  { after, limit }: Page,
): { items: T[]; total: number; next: number | null } {
  const next = after + limit;
  return { items: items.slice(after, next), total: items.length, next: next < items.length ? next : null };
}
