/** Kinds that end, stop or pause the process of a container. */
import { z } from 'zod';
import { held, kill, kind, none, paused, stopped } from './entry-parts.ts';

export const kills = {
  crash: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    // The engine doubles its restart back-off for a container that ran for less than 10 s, which
    // would distort the recovery time.
    behaviour: { ...kill, healthBeforeSeconds: 10 },
    needsRestartPolicy: true,
    does: 'Kills the main process. The bundled lab sends SIGQUIT through the engine, and the process dies immediately with exit code 131. A run of your own project sends `crash.signal` (default SIGKILL, exit code 137) without going through the engine.',
    revertedBy: 'The engine’s restart policy starts the target; RestartCount rises by one.',
    usersSee: 'In-flight requests are cut off; the proxy closes new connections until the target listens again.',
    pitfalls:
      'In the bundled lab, it needs `init: true`, an explicit `stop_signal: SIGTERM` and `restart: always`. The engine doubles its restart delay for a container that ran for less than 10 s, so the plan leaves at least 10 s without a fault before each crash. Without `ulimits: core: 0`, each crash leaves a core file.',
  }),
  outage: kind({
    actsOn: 'container',
    group: 'kill',
    params: z.strictObject({
      until: z
        .enum(['supervisor', 'revert', 'never'])
        .default('supervisor')
        .describe(
          'what starts the target again: the supervisor, the revert at the end of the fault, or nothing within the recovery limit',
        ),
    }),
    behaviour: ({ until }) => {
      if (until === 'supervisor') return kill;
      const { holdSeconds } = held;
      return { ...(until === 'never' ? kill : stopped), holdSeconds, totalOutage: true, forbidsStart: true };
    },
    does: 'Sends SIGKILL through the engine, which treats it as a stop by the operator and does not restart the target.',
    revertedBy:
      'With `until: supervisor`, the fault is instant and the supervisor starts the target 2 s after it exited. With `until: revert`, starts are forbidden and the injector starts the target at the end. `until: never` works like `until: revert`, but the recovery time is measured from the kill, so the limit is exceeded. The control run `server-down` uses it.',
    usersSee:
      'The same as in a crash, but for longer. An outage of a dependency shows what the system does without it.',
    pitfalls:
      'An OOM kill has the same exit code, 137; the engine’s events distinguish the two. A write that a database did not confirm may have been committed: its outcome is unknown, not failed.',
  }),
  restart: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...stopped, holdSeconds: null, graceful: true },
    does: 'Requests a restart from the engine: SIGTERM, then at most the grace period to exit, then a start.',
    revertedBy:
      'There is nothing left to revert: the restart itself starts the target again. The report shows this start as `revert`.',
    usersSee:
      'Requests in flight are answered; the proxy accepts new connections and closes them until the target listens again.',
    pitfalls:
      'A process that ignores SIGTERM as PID 1 takes the whole grace period, which then dominates the restart time.',
  }),
  'slow-start': kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: {
      ...stopped,
      totalOutage: true,
      forbidsStart: true,
      graceful: true,
      actions: [...stopped.actions, ...paused.actions],
    },
    does: 'Requests a restart from the engine and pauses the target as soon as it has started, which prolongs its startup by the duration of the fault.',
    revertedBy: 'The injector unpauses the target, which continues its start.',
    usersSee: 'The same as in a restart, but for longer: nothing listens until the end of the fault.',
    pitfalls:
      'A process that listens within the first milliseconds is paused too late: connections to it hang, as in a freeze. The evidence states how long after its start it was paused. A health check without a start period reports the target as unhealthy.',
  }),
  freeze: kind({
    actsOn: 'container',
    group: 'kill',
    params: none,
    behaviour: { ...paused, forbidsStart: true },
    does: 'Pauses all processes of the target, so that it behaves like a stalled virtual machine.',
    revertedBy: 'The injector unpauses the target; no restart is allowed until then.',
    usersSee:
      'The kernel still accepts connections, but no response arrives. Requests that need a frozen dependency hang until the system’s own deadline.',
    pitfalls:
      'A frozen target looks healthy to a probe that only connects. The burst of requests after the revert falls within the fault’s window.',
  }),
  hang: kind({
    actsOn: 'container',
    group: 'kill',
    needs: ['observer', 'supervisor'],
    params: none,
    behaviour: { ...paused, holdSeconds: { min: 20, max: 40 }, clock: 'injection', deathIsTheInjection: true },
    does: 'Pauses all processes of the target until the supervisor notices and restarts it.',
    revertedBy: 'The supervisor restarts a target that has been unhealthy for too long; the revert is a safety net.',
    usersSee: 'Requests time out until the restart, which cuts off those in flight.',
    pitfalls: 'No restart policy notices a hang: plain Docker only reports `unhealthy`.',
  }),
} as const;
