/** A control run must not pass, and whoever reads of it must not take it for a run that went wrong. */
const controls: Readonly<Record<string, string>> = {
  'server-down': 'control run server-down: the server is kept dead on purpose, so this run must end FAILED',
  'no-bite': 'control run no-bite: the faults do nothing on purpose, so this run must end INCONCLUSIVE',
};

/** Null for a run like any other. `config`: the settings, also as a report holds them. */
export function controlText({ control }: { control?: unknown }): string | null {
  return typeof control === 'string' ? (controls[control] ?? null) : null;
}
