/** One line of history.ndjson, checked: it parses, its schema holds, its CRC is that of the rest of the line. */
import { type HistoryLine, historyLineSchema } from '@encore/contracts';
import { canonicalJson, crcHex, describeError, problemsOf } from '@encore/kit';

export type DecodedLine = { ok: true; line: HistoryLine } | { ok: false; problem: string };

export function decodeHistoryLine(text: string): DecodedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: `no JSON (${describeError(error)})` };
  }
  const parsed = historyLineSchema.safeParse(value);
  if (!parsed.success) return { ok: false, problem: problemsOf(parsed.error).join('; ') };
  // The CRC covers what was written, so it is taken of the text's own members, not of what the schema kept.
  const { crc, ...rest } = value as Record<string, unknown>;
  return crcHex(canonicalJson(rest)) === crc ? { ok: true, line: parsed.data } : { ok: false, problem: 'wrong CRC' };
}
