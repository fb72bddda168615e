import { plainText } from './plain-text.ts';

/** Why nothing was started, one line each. The lab without Docker refuses in the same words. */
export function refusalText(problems: readonly string[]): string {
  return plainText(`Refused to start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
}
