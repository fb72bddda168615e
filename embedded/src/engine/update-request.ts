/** `POST /containers/:id/update`, with Docker's error messages. */
import { z } from 'zod';
import type { Container } from './container.ts';
import { EngineError, unsupported } from './engine-error.ts';

const minimumBytes = 6 * 1024 * 1024;

const updateSchema = z.object({
  Memory: z.number().int().default(0),
  MemorySwap: z.number().int().default(0),
  NanoCpus: z.number().int().min(0).default(0),
});

/** Applies the new limits; 0 leaves a limit unchanged. */
export function applyUpdate(container: Container, body: unknown): void {
  const result = updateSchema.safeParse(body);
  if (!result.success) throw new EngineError(400, `invalid JSON: ${result.error.message}`);
  const { Memory, MemorySwap, NanoCpus } = result.data;
  if (Memory === 0 && MemorySwap === 0 && NanoCpus === 0) return;
  if (Memory !== 0 && Memory < minimumBytes) throw new EngineError(400, 'Minimum memory limit allowed is 6MB');
  if (!container.group) throw unsupported('limits here: no writable control group');
  const now = container.limits;
  const memoryBytes = Memory || now.memoryBytes;
  const withSwapBytes = MemorySwap || now.withSwapBytes;
  if (memoryBytes > withSwapBytes) {
    const why =
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time';
    throw MemorySwap === 0
      ? new EngineError(409, why)
      : new EngineError(400, 'Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  container.limit({ memoryBytes, withSwapBytes, cpus: NanoCpus === 0 ? now.cpus : NanoCpus / 1e9 });
  container.emitUpdate();
}
