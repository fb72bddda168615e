/**
 * Bytes that a process holds after a full collection, on the heap and in external buffers. Needs
 * --expose-gc.
 */
export function heldBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('gc is not available; start node with --expose-gc');
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
