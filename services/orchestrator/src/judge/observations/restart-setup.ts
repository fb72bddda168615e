/**
 * Container settings that a restart policy needs to recover a crash by SIGQUIT through the API. Any
 * signal through the API marks a container as stopped by hand, so `unless-stopped` leaves it down
 * (moby's issue 41302). `always` and `on-failure` start it, unless the signal is the container's
 * stop signal or the container sets none (daemon/kill.go and restartmanager.go of moby).
 */
import type { RestartSetup } from '@encore/contracts';

/** A limited number of retries is used up after that many crashes. */
export function restartsAfterCrash(policy: string): boolean {
  return policy === 'always' || policy === 'on-failure';
}

/** Returns one text per container with a wrong setting, named as in docker-compose.yml. */
export function missingRestartOptions(setups: Readonly<Record<string, RestartSetup>>): string[] {
  return Object.entries(setups).flatMap(([container, { policy, init, stopSignal }]) => {
    const texts = [
      restartsAfterCrash(policy) ? [] : `restart: ${policy || 'not set'} (required: always)`,
      init ? [] : 'init: false (required: true)',
      /^$|^(?:SIG)?QUIT$|^3$/i.test(stopSignal) ? `stop_signal: ${stopSignal || 'not set'} (required: SIGTERM)` : [],
    ].flat();
    return texts.length === 0 ? [] : [`${container} has ${texts.join(', ')}`];
  });
}
