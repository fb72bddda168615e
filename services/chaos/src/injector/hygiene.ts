/**
 * Checks for leftovers, as the engine and Toxiproxy report them, not as the injector remembers
 * them.
 */
import type { EventOf } from '@encore/contracts';
import { label } from './engine.ts';
import type { InjectorContext } from './injector-context.ts';
import { originalLimitsOf } from './targets.ts';

type Findings = Omit<EventOf<'hygiene_checked'>, 'type' | 'at'>;

export async function checkHygiene({
  tools,
  registry,
  deadline,
}: Pick<InjectorContext, 'tools' | 'registry' | 'deadline'>): Promise<Findings> {
  const findings: Findings = {
    leakedToxics: 0,
    leakedPauses: 0,
    limitsNotRestored: 0,
    externalContainersTouched: 0,
    detail: [],
  };
  const proxies = await tools.proxies.list();
  for (const proxy of tools.proxies.names) {
    const { toxics = [], enabled = false } = proxies[proxy] ?? {};
    const leaked = toxics.length + (enabled ? 0 : 1);
    findings.leakedToxics += leaked;
    if (leaked > 0)
      findings.detail.push(
        `${proxy}: ${enabled ? 'open' : 'closed'}, ${toxics.map(({ name }) => name).join(', ') || 'no toxics'}`,
      );
  }
  for (const { id } of await tools.targets.list(deadline(5_000))) {
    const view = await tools.engine.inspect(id, deadline(5_000));
    const { memoryBytes, memswapBytes, cpus } = originalLimitsOf(view.labels);
    if (view.status === 'paused') {
      findings.leakedPauses += 1;
      findings.detail.push(`${view.name} is paused`);
    }
    // An engine without limits reports 0, and -1 for swap on a kernel that does not account for it.
    const differs = (value: number, original: number | null) => original !== null && value > 0 && value !== original;
    const isSwapOther = differs(view.memswapBytes, memswapBytes);
    if (differs(view.memoryBytes, memoryBytes) || isSwapOther || differs(view.cpus, cpus)) {
      findings.limitsNotRestored += 1;
      const limits = `memory ${view.memoryBytes}, with swap ${view.memswapBytes}, CPUs ${view.cpus}`;
      const expected = `${memoryBytes}, ${memswapBytes}, ${cpus}`;
      findings.detail.push(`${view.name}: ${limits}; expected by its labels: ${expected}`);
    }
  }
  for (const id of registry.touched) {
    const labels = await tools.engine.inspect(id, deadline(5_000)).then(
      (view) => view.labels,
      () => null,
    );
    if (labels === null || (labels[label.project] === tools.targets.project && labels[label.target] !== undefined))
      continue;
    findings.externalContainersTouched += 1;
    findings.detail.push(`${id} had a fault but is not a target`);
  }
  for (const { fault } of registry.open) findings.detail.push(`${fault.id} (${fault.kind}) is still active`);
  return findings;
}
