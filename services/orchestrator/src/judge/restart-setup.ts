/** Container settings that a restart policy needs to recover a crash. */
import type { RestartSetup } from '@encore/contracts';

/** Named as in docker-compose.yml. */
const requiredOptions = {
  policy: { option: 'restart', value: 'always' },
  init: { option: 'init', value: true },
  stopSignal: { option: 'stop_signal', value: 'SIGTERM' },
} as const;

/** Returns one text per container with a wrong setting. */
export function missingRestartOptions(setups: Readonly<Record<string, RestartSetup>>): string[] {
  return Object.entries(setups).flatMap(([container, { policy, init, stopSignal }]) => {
    const has = { policy, init, stopSignal: stopSignal === '' ? 'not set' : stopSignal };
    const wrong = (['policy', 'init', 'stopSignal'] as const).filter((key) => has[key] !== requiredOptions[key].value);
    const texts = wrong.map(
      (key) => `${requiredOptions[key].option}: ${has[key]} (required: ${requiredOptions[key].value})`,
    );
    return texts.length === 0 ? [] : [`${container} has ${texts.join(', ')}`];
  });
}
