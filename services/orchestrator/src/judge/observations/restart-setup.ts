/**
 * Container settings that a restart policy needs to recover a crash by SIGQUIT through the API. Any
 * signal through the API marks a container as stopped by hand, so `unless-stopped` leaves it down
 * (moby's issue 41302). `always` and `on-failure` start it, unless the signal is the container's
 * stop signal or the container sets none (daemon/kill.go and restartmanager.go of moby).
 */
import type { RestartSetup } from '@encore/contracts';

/** Named as in docker-compose.yml. */
const requiredOptions: Record<
  keyof RestartSetup,
  { option: string; value: string; holds(setup: RestartSetup): boolean }
> = {
  policy: { option: 'restart', value: 'always', holds: ({ policy }) => restartsAfterCrash(policy) },
  init: { option: 'init', value: 'true', holds: ({ init }) => init },
  stopSignal: {
    option: 'stop_signal',
    value: 'SIGTERM',
    holds: ({ stopSignal }) => !/^$|^(?:SIG)?QUIT$|^3$/i.test(stopSignal),
  },
};

/** A limited number of retries is used up after that many crashes. */
export function restartsAfterCrash(policy: string): boolean {
  return policy === 'always' || policy === 'on-failure';
}

/** Returns one text per container with a wrong setting. */
export function missingRestartOptions(setups: Readonly<Record<string, RestartSetup>>): string[] {
  return Object.entries(setups).flatMap(([container, setup]) => {
    const texts = (['policy', 'init', 'stopSignal'] as const).flatMap((key) => {
      const { option, value, holds } = requiredOptions[key];
      return holds(setup) ? [] : [`${option}: ${setup[key] === '' ? 'not set' : setup[key]} (required: ${value})`];
    });
    return texts.length === 0 ? [] : [`${container} has ${texts.join(', ')}`];
  });
}
