/** Formats a size exactly: in MB or KB if it is a whole number of them, otherwise in bytes. */
export function exactSize(bytes: number): string {
  if (bytes > 0 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576} MB`;
  if (bytes > 0 && bytes % 1_024 === 0) return `${bytes / 1_024} KB`;
  return `${bytes} bytes`;
}
