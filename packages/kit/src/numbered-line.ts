/**
 * A line of a file of evidence: a JSON object with the CRC-32 of the rest of its line, which stands first, and a number, so that
 * whoever reads the file later notices a torn, changed, missing, repeated or moved line.
 *
 *   {"crc":"1c2ad8a9","at":5,"n":17}      the CRC is that of {"at":5,"n":17}
 */
import { canonicalJson, crcHex } from './canonical-json.ts';
import { describeError } from './encore-error.ts';

export type DecodedLine =
  | { ok: true; number: number; members: Record<string, unknown> }
  /** `no_json` is what a writer leaves that was killed within a line; `unsealed` has no CRC. */
  | { ok: false; flaw: 'no_json' | 'unsealed' | 'damaged'; problem: string };

const seal = /^\{"crc":"([0-9a-f]{8})",/;

/** The text of the line, without its end. `members` holds the number, and no `crc`. */
export function sealLine(members: object): string {
  const text = canonicalJson(members);
  return `{"crc":"${crcHex(text)}",${text.slice(1)}`;
}

/** Checks the line as it was written, sign by sign; `numberName` is the member that holds its number. */
export function decodeLine(text: string, numberName: string): DecodedLine {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(text);
  } catch (error) {
    return { ok: false, flaw: 'no_json', problem: `no JSON (${describeError(error)})` };
  }
  const [start, crc] = seal.exec(text) ?? [];
  if (start === undefined) return { ok: false, flaw: 'unsealed', problem: 'no CRC at its beginning' };
  const right = crcHex(`{${text.slice(start.length)}`);
  if (crc !== right)
    return { ok: false, flaw: 'damaged', problem: `wrong CRC: it says ${crc}, and the rest of the line has ${right}` };
  const number = members[numberName];
  return typeof number === 'number'
    ? { ok: true, number, members }
    : { ok: false, flaw: 'damaged', problem: `no number (${numberName})` };
}
