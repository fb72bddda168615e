/** placeholder */
import type { Judgement } from '../judge/judge.ts';

export function renderPage({ report }: Judgement): string {
  return `<!doctype html><title>${report.result}</title>`;
}
