/**
 * Encodes and decodes one line of an evidence file: a JSON object with a number and, as its first
 * member, the CRC-32 of the rest of the line. A reader can detect truncated, changed, missing,
 * repeated and moved lines.
 *
 *   {"crc":"1c2ad8a9","at":5,"n":17}      the CRC covers {"at":5,"n":17}
 */
import { canonicalJson, crcHex } from './canonical-json.ts';
import { describeError } from './encore-error.ts';

/** `invalid_json`: a writer killed within a line leaves this. `checksum_missing`: no CRC. */
interface DecodeProblem {
  kind: 'invalid_json' | 'checksum_missing' | 'damaged';
  text: string;
}

export type DecodedLine =
  | { ok: true; number: number; members: Record<string, unknown> }
  | { ok: false; problem: DecodeProblem };

const checksumPrefix = /^\{"crc":"([0-9a-f]{8})",/;

/** Returns the line without its newline. `members` includes the number and excludes `crc`. */
export function encodeLine(members: object): string {
  const text = canonicalJson(members);
  return `{"crc":"${crcHex(text)}",${text.slice(1)}`;
}

/** Verifies the CRC over the exact text. `numberName` is the member that holds the line number. */
export function decodeLine(text: string, numberName: string): DecodedLine {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(text);
  } catch (error) {
    return problem('invalid_json', `not valid JSON (${describeError(error)})`);
  }
  const [prefix, crc] = checksumPrefix.exec(text) ?? [];
  if (prefix === undefined) return problem('checksum_missing', 'no CRC at the start of the line');
  const actual = crcHex(`{${text.slice(prefix.length)}`);
  if (crc !== actual) return problem('damaged', `wrong CRC: recorded ${crc}, computed ${actual}`);
  const number = members[numberName];
  return typeof number === 'number' ? { ok: true, number, members } : problem('damaged', `no number (${numberName})`);
}

function problem(kind: DecodeProblem['kind'], text: string): DecodedLine {
  return { ok: false, problem: { kind, text } };
}
