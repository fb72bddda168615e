/** The result of a preflight check: what was found, whether a run may start, and a fix. */

export interface PreflightCheck {
  name: string;
  /** `warn` allows the run to start; `fail` does not. */
  state: 'ok' | 'warn' | 'fail';
  found: string;
  /** Log lines that show the reason. */
  quote?: readonly string[];
  fix?: string;
}

export const ok = (name: string, found: string): PreflightCheck => ({ name, state: 'ok', found });
export const warn = (name: string, found: string, fix: string): PreflightCheck => ({ name, state: 'warn', found, fix });
export const fail = (name: string, found: string, fix: string): PreflightCheck => ({ name, state: 'fail', found, fix });

/** One line for the user; log lines and the fix follow below. */
export function checkText({ name, state, found, quote = [], fix }: PreflightCheck): string {
  const mark = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }[state];
  const below = [...quote.map((line) => `| ${line}`), ...(fix === undefined ? [] : [`→ ${fix}`])];
  return [`${mark}  ${name}: ${found}`, ...below].join('\n      ');
}

/** For example `3.8 GB`. */
export const sizeText = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
