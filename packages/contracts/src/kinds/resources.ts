/** Kinds that take memory, CPU time or disk space from a container. */
import { z } from 'zod';
import { held, kind, lessMemory, mebibyte, none } from './entry-parts.ts';

export const resources = {
  'memory-cap': kind({
    actsOn: 'container',
    group: 'resource',
    needs: ['memory-limit'],
    params: z.strictObject({
      marginBytes: z
        .int()
        .min(mebibyte)
        .default(32 * mebibyte)
        .describe('how much more than its current usage the target may use'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 30, max: 60 } },
    untested: {
      environment: 'cgroupVersion',
      value: '2',
      text: 'memory-cap under cgroup v2: not covered by this run',
    },
    does: 'Lowers the limit on memory plus swap to the current usage (without file cache) plus a margin.',
    revertedBy:
      'The injector restores the original limits from the labels `encore.original.*`, and does so early if the target dies under the cap.',
    usersSee: 'Nothing if the target rejects work in time; otherwise an OOM kill, recorded as `oom`.',
    pitfalls:
      'cgroup v1 refuses a limit below the usage; v2 kills the target. V8 fixes its heap limit at startup, so a cap first affects the rest of the process’s memory. A cap survives a restart, and neither `0` nor `-1` removes it; only the original value does.',
  }),
  'memory-pressure': kind({
    actsOn: 'container',
    group: 'resource',
    needs: ['stress-helper'],
    params: z.strictObject({
      marginBytes: z
        .int()
        .min(mebibyte)
        .default(96 * mebibyte)
        .describe('what the helper leaves free; its own process takes 50 MB of this'),
    }),
    behaviour: { ...lessMemory, holdSeconds: { min: 10, max: 30 } },
    does: 'Runs the image’s stress helper inside the target, where it uses up all memory except a margin, for a limited time.',
    revertedBy: 'The injector stops the helper, which also exits on its own when its time is up.',
    usersSee:
      'Rejections (503 with Retry-After) while the target’s memory guard refuses heavy work, then normal service.',
    pitfalls:
      'It needs `exec`, which the process engine does not support. If memory runs out, the kernel kills the helper first, which ends the fault early.',
  }),
  'tool-stall': kind({
    actsOn: 'container',
    group: 'resource',
    needs: ['breakers'],
    params: none,
    // Five calls of 15 s open the breaker, which may close 60 s later: the fault must last that
    // long.
    behaviour: { ...held, holdSeconds: { min: 170, max: 190 }, effectCheckSeconds: 120, tolerable: true },
    does: 'Makes a series of calls that the target cannot process in time, until their circuit breaker opens. The load generator makes the calls; the workload defines them (`faults.stall`).',
    revertedBy:
      'The load generator stops calling and removes what the calls stored. After the breaker’s open time, it makes quick calls, whose success closes the breaker. If the fault is reverted early, the next successful calls by any user close it.',
    usersSee:
      'The tool responds 503 with Retry-After while its breaker is open; every other tool works. Until the breaker opens, one worker process is busy.',
    pitfalls:
      'It needs a duration of at least 160 s: five tool timeouts (15 s each), the open time (60 s) and a margin. A server with a larger `tool_timeout` needs longer. If the breaker is still open at the planned end, the revert is not verified, and the injector retries it until the breaker is closed. Each music score that the calls upload is sent only once, because a document that kills its worker three times is quarantined.',
  }),
  'cpu-throttle': kind({
    actsOn: 'container',
    group: 'resource',
    needs: ['cpu-limit'],
    params: z.strictObject({ cpus: z.number().min(0.05).max(64).default(0.25).describe('the limit, in CPUs') }),
    behaviour: { ...held, holdSeconds: { min: 30, max: 60 }, actions: ['update'] },
    does: 'Lowers the CPU limit of the target.',
    revertedBy: 'The injector restores the original limit from the label `encore.original.cpus`.',
    usersSee: 'Responses are slow; the target sheds load to protect itself.',
    pitfalls: 'Setting `0` does not remove a CPU limit; only the original value restores it.',
  }),
  'disk-full': kind({
    actsOn: 'container',
    group: 'resource',
    needs: ['stress-helper'],
    params: none,
    behaviour: { ...held, holdSeconds: { min: 15, max: 45 } },
    does: 'Runs the image’s stress helper inside the target, where it fills the scratch space for uploads, and refills it when a finished upload frees space.',
    revertedBy: 'The injector removes the file; the helper also does so when its time is up.',
    usersSee: 'Large uploads are refused with a clear error; small ones and reads succeed.',
    pitfalls:
      'It fills only a separate small file system (1 GB at most), never a disk of the host. If that is a tmpfs, its content also counts as memory.',
  }),
} as const;
