/** Formats figures, lists and text from files for people, the same in every output. */

/** Joins the first `maximum` items with commas and adds the number of the others. */
export function list(items: readonly string[], maximum = 5): string {
  const more = items.length - maximum;
  return more > 0 ? `${items.slice(0, maximum).join(', ')} and ${more} more` : items.join(', ');
}

export const thousands = (value: number): string => value.toLocaleString('en-US');

/** For example `97.12 %`; a dash for null. */
export function percentText(value: number | null, digits = 2): string {
  return value === null ? '–' : `${(value * 100).toFixed(digits)} %`;
}

/** For example `24h 00m 07s`, `3m 02s`, `0.4s`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}h ${two(minutes)}m ${two(rest)}s` : `${minutes}m ${two(rest)}s`;
}

export function secondsText(seconds: number | null, digits = 2): string {
  return seconds === null ? '–' : `${seconds.toFixed(digits)} s`;
}

export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–';
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || Math.abs(value) >= 100 ? 0 : 1)} ${units[unit]}`;
}

export function millisecondsText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  return ms >= 1_000
    ? `${(ms / 1_000).toFixed(ms >= 10_000 ? 1 : 2)} s`
    : `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
}

/** For example `10:40:12`, in UTC. */
export function timeOfDayText(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

/** For example `10:40:12.250`, in UTC. */
export function clockText(iso: string): string {
  return iso.slice(11, 23);
}

/** Escapes control characters: text from a file must not be able to control the terminal. */
export function plainText(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The reasons why nothing was started, one per line. The lab without Docker uses the same text. */
export function refusalText(problems: readonly string[]): string {
  return plainText(`Refused to start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
}

/** What follows the name of a fault without a confirmed effect. */
export const noEffectTexts = {
  absent: 'had no effect',
  refused: 'refused by the engine',
  unsupported: 'not supported here',
} as const;
