/**
 * The ledger: every write, whether the server acknowledged it, and what was read back. One NDJSON
 * line per entry in `ledger.ndjson` of the run's folder, fsynced before the user's next step. `id`
 * and `digest` are the workload's: an object of the service, and the SHA-256 (hex) of its content.
 *
 * `n` numbers the lines from 1. `crc`, the first member, is the CRC-32 (8 hex digits) of the line
 * without `crc`. Unknown members are an error.
 */
import { z } from 'zod';

const line = { n: z.number().int(), crc: z.string(), at: z.number(), key: z.string() };

export const ledgerLineSchema = z.discriminatedUnion('type', [
  /** A write is about to be sent. */
  z.strictObject({
    type: z.literal('intended'),
    ...line,
    user: z.number(),
    operation: z.enum(['write', 'delete']),
    id: z.string(),
    digest: z.string(),
  }),
  /**
   * The server acknowledged the write. `version` numbers the writes to the object from 1, if the
   * workload counts them.
   */
  z.strictObject({
    type: z.literal('acknowledged'),
    ...line,
    id: z.string(),
    digest: z.string(),
    version: z.number().optional(),
  }),
  /** The write ended without a response: it may or may not have taken effect. */
  z.strictObject({ type: z.literal('unknown'), ...line, reason: z.string() }),
  /** The server refused the write, so it must not exist. */
  z.strictObject({ type: z.literal('refused'), ...line, reason: z.string() }),
  z.strictObject({ type: z.literal('deleted'), ...line, id: z.string() }),
  /**
   * The result for one object of the final read-back, or of a sample, which records only problems.
   * `found` is its digest; null if the server has no such object. `problem` is set instead if the
   * response failed a check: the object exists, but its content is wrong.
   */
  z.strictObject({
    type: z.literal('read_back'),
    ...line,
    id: z.string(),
    found: z.string().nullable(),
    problem: z.string().optional(),
    finding: z.enum(['intact', 'lost', 'corrupt', 'duplicate', 'phantom', 'unknown_present', 'unknown_absent']),
  }),
]);
export type LedgerLine = z.infer<typeof ledgerLineSchema>;

type WithoutChecksum<Line> = Line extends LedgerLine ? Omit<Line, 'n' | 'crc'> : never;
/** The content of a line, without number and checksum. */
export type LedgerEntry = WithoutChecksum<LedgerLine>;
