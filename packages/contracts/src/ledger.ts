/**
 * The ledger: what the users were promised. One NDJSON line per entry in `ledger.ndjson` of the run's folder,
 * fsynced before the user's next step. `hash` is the SHA-256 (hex) of the score's bytes as sent.
 */
import { z } from 'zod';

const at = z.number();
const key = z.string();

export const ledgerEntrySchema = z.discriminatedUnion('type', [
  /** A write is about to be sent. */
  z.object({
    type: z.literal('intended'),
    at,
    key,
    user: z.number(),
    operation: z.enum(['create', 'modify', 'delete']),
    scoreId: z.string().optional(),
    hash: z.string(),
  }),
  /** The server said yes. For a modify `hash` is that of the new version. */
  z.object({ type: z.literal('acknowledged'), at, key, scoreId: z.string(), hash: z.string(), version: z.number() }),
  /** The write ended without an answer, for good. */
  z.object({ type: z.literal('unknown'), at, key, reason: z.string() }),
  /** The server said no, so the write must not exist. */
  z.object({ type: z.literal('refused'), at, key, reason: z.string() }),
  z.object({ type: z.literal('deleted'), at, key, scoreId: z.string() }),
  /**
   * One read-back: of the final verification, or of a sample before it, which writes down only what it found wrong.
   * `found` null means that the server has no such score.
   */
  z.object({
    type: z.literal('read_back'),
    at,
    key,
    scoreId: z.string(),
    found: z.string().nullable(),
    verdict: z.enum(['intact', 'lost', 'corrupt', 'duplicate', 'phantom', 'unknown_present', 'unknown_absent']),
  }),
]);
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;
