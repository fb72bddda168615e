/** Kinds that are load on top of that of the users. */
import { z } from 'zod';
import { held, kind } from './entry-parts.ts';

export const load = {
  'traffic-spike': kind({
    actsOn: 'container',
    group: 'load',
    needs: ['bundled-lab'],
    params: z.strictObject({
      requestsPerSecond: z.int().min(1).default(200).describe('requests per second, on 50 connections'),
    }),
    behaviour: { ...held, holdSeconds: { min: 10, max: 30 }, tolerable: true },
    does: 'Repeats a cheap request, in addition to the users’ load. The load generator sends the request; the workload may define it (`faults.spike`).',
    revertedBy: 'The load generator stops it, at most 10 s after its planned end.',
    usersSee: 'At worst, some requests are rejected and responses are slower; accepted requests are answered.',
    pitfalls: 'Its responses do not count towards the verdict. It uses CPU time of the load generator.',
  }),
} as const;
