/**
 * Renders a plan as text of at most 100 columns, as printed by `--dry-run`. `unsupported` maps each
 * kind that this lab cannot run to the reason; it is null if that is not known yet.
 */
import type { Plan, PlannedFault } from '@encore/contracts';
import { targetsWithoutFault } from './targets-without-fault.ts';

/** Columns. */
const width = 100;

export function renderTimeline(plan: Plan, unsupported: Readonly<Record<string, string>> | null): string {
  const counts = new Map<string, number>();
  for (const { kind } of plan.faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const targetWidth = Math.max(15, ...plan.faults.map(({ target }) => target.length + 2));
  return [
    `Plan for ${clockTime(plan.steadySeconds)} of steady load, after a ramp of ${plan.rampSeconds} s`,
    `  seed                 ${plan.seed}`,
    `  hash                 ${plan.hash}`,
    `  best success rate    ${(plan.bestSuccessRate * 100).toFixed(2)} % (estimate for a system without weaknesses)`,
    ...wrap(
      `  faults               ${plan.faults.length}: `,
      [...counts].map(([kind, count]) => `${count} ${kind}`),
    ),
    ...supportLines(counts, unsupported),
    ...untouchedLines(plan),
    `  times                from the start of steady load, which follows the ramp`,
    '',
    `  ${'at (steady)'.padEnd(12)}${'id'.padEnd(8)}${'kind'.padEnd(20)}${'target'.padEnd(targetWidth)}${'duration'.padStart(9)}  settings`,
    ...plan.faults.flatMap((fault) => lines(fault, fault.kind in (unsupported ?? {}), targetWidth)),
    '',
  ].join('\n');
}

/**
 * Lists the kinds that cannot run here. Whether a possible fault has an effect shows at injection.
 */
function supportLines(
  counts: ReadonlyMap<string, number>,
  unsupported: Readonly<Record<string, string>> | null,
): string[] {
  if (counts.size === 0) return [];
  if (unsupported === null)
    return ['  supported here       unknown until the lab runs; `check` starts it and lists unsupported kinds'];
  return [...counts]
    .filter(([kind]) => kind in unsupported)
    .flatMap(([kind, count], index) => {
      const text = `${count} ${kind}, skipped: ${unsupported[kind]}`;
      return wrap(`  ${(index === 0 ? 'not supported here' : '').padEnd(21)}`, text.split(' '), ' ');
    });
}

function untouchedLines(plan: Plan): string[] {
  const text = targetsWithoutFault(plan);
  return text === null ? [] : wrap(`  ${'not tested'.padEnd(21)}`, text.split(' '), ' ');
}

function lines(fault: PlannedFault, skipped: boolean, targetWidth: number): string[] {
  const duration = fault.durationSeconds === 0 ? '-' : `${fault.durationSeconds.toFixed(1)} s`;
  const notes = [skipped ? 'not supported here' : '', fault.noop ? 'noop' : ''];
  const settings = [...notes, ...Object.entries(fault.params).map(([name, value]) => `${name} ${value}`)];
  const head = `  ${clockTime(fault.atSeconds).padEnd(12)}${fault.id.padEnd(8)}${fault.kind.padEnd(20)}${fault.target.padEnd(targetWidth)}${duration.padStart(9)}  `;
  return wrap(
    head,
    settings.filter((text) => text !== ''),
  );
}

/** Formats 3725.25 s as 1:02:05.3. */
function clockTime(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const two = (value: number) => String(value).padStart(2, '0');
  const whole = Math.floor(tenths / 10);
  return `${Math.floor(whole / 3_600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${tenths % 10}`;
}

function wrap(head: string, parts: string[], separator = ', '): string[] {
  const lines = [head];
  for (const [index, part] of parts.entries()) {
    const text = index === parts.length - 1 ? part : part + separator;
    const last = lines.at(-1) ?? '';
    if (last.length + text.trimEnd().length > width) lines.push(' '.repeat(head.length) + text);
    else lines[lines.length - 1] = last + text;
  }
  return lines.map((text) => text.trimEnd());
}
