/** Text helpers for reasons and warnings. */

/** Joins the first `maximum` items with commas and adds the number of the others. */
export function list(items: readonly string[], maximum = 5): string {
  const more = items.length - maximum;
  return more > 0 ? `${items.slice(0, maximum).join(', ')} and ${more} more` : items.join(', ');
}

/** `1 fault`, `3 faults`, `1 recovery`, `2 recoveries`. */
export function pluralize(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

export function percentOf(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
