/**
 * Generates a load spike with autocannon and counts its responses until it is stopped or its time
 * is over. Runs in the injector, as every fault does, and not in the load generator, whose event
 * loop measures the users.
 */
import { guardConnections } from '@encore/kit';
import autocannon from 'autocannon';

export interface LoadSpikeOptions {
  url: string;
  requestsPerSecond: number;
  seconds: number;
}

export interface LoadSpike {
  readonly answers: number;
  /** True once it was stopped or its time is over. */
  readonly isStopped: boolean;
  stop(): void;
}

export type StartLoadSpike = (options: LoadSpikeOptions) => LoadSpike;

const connections = 50;

export const startLoadSpike: StartLoadSpike = ({ url, requestsPerSecond, seconds }) => {
  let answers = 0;
  let isStopped = false;
  const options = {
    url,
    connections: Math.min(connections, requestsPerSecond),
    duration: seconds,
    overallRate: requestsPerSecond,
    // Otherwise a dead server would cause reconnects without a pause, at the cost of a core and
    // memory.
    setupClient: guardConnections(() => {}),
  };
  // With a callback, autocannon returns the running instance instead of a promise of its result.
  const instance = autocannon(options, () => {
    isStopped = true;
  });
  instance.on('response', () => {
    answers += 1;
  });
  return {
    get answers() {
      return answers;
    },
    get isStopped() {
      return isStopped;
    },
    stop: () => {
      isStopped = true;
      instance.stop();
    },
  };
};
