/** `1 fault`, `3 faults`, `1 recovery`, `2 recoveries`. */
export function pluralize(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
