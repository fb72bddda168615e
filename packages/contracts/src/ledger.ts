/**
 * The ledger: what the users were promised. One NDJSON line per entry in `ledger.ndjson` of the run's folder,
 * fsynced before the user's next step. `hash` is the SHA-256 (hex) of the score's bytes as sent.
 *
 * `n` numbers the lines from 1; `crc`, which stands first, is the CRC-32 (hex, 8 digits) of the line without its crc member. A member
 * that is not named here is an error.
 */
import { z } from 'zod';

const line = { n: z.number().int(), crc: z.string(), at: z.number(), key: z.string() };

export const ledgerLineSchema = z.discriminatedUnion('type', [
  /** A write is about to be sent. */
  z.strictObject({
    type: z.literal('intended'),
    ...line,
    user: z.number(),
    operation: z.enum(['create', 'modify', 'delete']),
    scoreId: z.string().optional(),
    hash: z.string(),
  }),
  /** The server said yes. For a modify `hash` is that of the new version. */
  z.strictObject({
    type: z.literal('acknowledged'),
    ...line,
    scoreId: z.string(),
    hash: z.string(),
    version: z.number(),
  }),
  /** The write ended without an answer, for good. */
  z.strictObject({ type: z.literal('unknown'), ...line, reason: z.string() }),
  /** The server said no, so the write must not exist. */
  z.strictObject({ type: z.literal('refused'), ...line, reason: z.string() }),
  z.strictObject({ type: z.literal('deleted'), ...line, scoreId: z.string() }),
  /**
   * One read-back: of the final verification, or of a sample before it, which writes down only what it found wrong.
   * `found` null means that the server has no such score.
   */
  z.strictObject({
    type: z.literal('read_back'),
    ...line,
    scoreId: z.string(),
    found: z.string().nullable(),
    verdict: z.enum(['intact', 'lost', 'corrupt', 'duplicate', 'phantom', 'unknown_present', 'unknown_absent']),
  }),
]);
export type LedgerLine = z.infer<typeof ledgerLineSchema>;

type Unsealed<Line> = Line extends LedgerLine ? Omit<Line, 'n' | 'crc'> : never;
/** What a line says. */
export type LedgerEntry = Unsealed<LedgerLine>;
