/** Reasons and warnings are read by people: lists that end, plurals that agree. */

/** The first few of many, and how many more. */
export function list(items: readonly string[], most = 5): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(', ')} and ${more} more` : items.join(', ');
}

/** `1 fault`, `3 faults`, `1 recovery`, `2 recoveries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

export function percentOf(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
