/** What a container needs so that its restart policy recovers a crash, and what it lacks. */
import type { RestartSetup } from '@encore/contracts';

/** With the names of docker-compose.yml. */
const crashNeeds = {
  policy: { option: 'restart', value: 'always' },
  init: { option: 'init', value: true },
  stopSignal: { option: 'stop_signal', value: 'SIGTERM' },
} as const;

/** One text per container that lacks something. */
export function crashLacks(setups: Readonly<Record<string, RestartSetup>>): string[] {
  return Object.entries(setups).flatMap(([container, { policy, init, stopSignal }]) => {
    const has = { policy, init, stopSignal: stopSignal === '' ? 'not set' : stopSignal };
    const lacking = (['policy', 'init', 'stopSignal'] as const).filter((key) => has[key] !== crashNeeds[key].value);
    const texts = lacking.map((key) => `${crashNeeds[key].option}: ${has[key]} (needs ${crashNeeds[key].value})`);
    return texts.length === 0 ? [] : [`${container} has ${texts.join(', ')}`];
  });
}
