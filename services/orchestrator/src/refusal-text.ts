import { plainText } from './plain-text.ts';

/** The reasons why nothing was started, one per line. The lab without Docker uses the same text. */
export function refusalText(problems: readonly string[]): string {
  return plainText(`Refused to start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
}
