/** What a process holds after a full collection, on the heap and in buffers outside of it. Needs --expose-gc. */
export function heldBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('start it with --expose-gc');
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
