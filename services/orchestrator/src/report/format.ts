/** Formats figures for people, the same in every report. */

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

/** For example `10:40:12.250`, in UTC. */
export function clockText(iso: string): string {
  return iso.slice(11, 23);
}

/** A metric's value with the unit that follows from its name; a dash for null. */
export function figureText(name: string, value: number | null): string {
  if (value === null) return '–';
  if (/rate|availability|share/.test(name)) return percentText(value);
  if (name.endsWith('_seconds')) return secondsText(value);
  if (name.endsWith('_bytes_per_hour')) return `${bytesText(value)}/h`;
  return thousands(Number(value.toFixed(3)));
}
