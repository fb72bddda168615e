/** Describes a control run, so that readers do not mistake its result for a failure. */
const controls: Readonly<Record<string, string>> = {
  'server-down': 'control run server-down: the server is kept down on purpose, so this run must end FAILED',
  'noop-faults': 'control run noop-faults: the faults do nothing on purpose, so this run must end INCONCLUSIVE',
};

/** Null for an ordinary run. Accepts the settings of a run or the config of a report. */
export function controlText({ control }: { control?: unknown }): string | null {
  return typeof control === 'string' ? (controls[control] ?? null) : null;
}
