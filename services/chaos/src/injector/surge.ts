/**
 * Pressure by autocannon, which counts its answers until it is stopped or its time is over. It lives in the injector, as every fault does, and
 * not in the load generator, whose event loop measures the users.
 */
import { guardConnections } from '@encore/kit';
import autocannon from 'autocannon';

export interface SurgeOptions {
  url: string;
  requestsPerSecond: number;
  seconds: number;
}

export interface Surge {
  readonly answers: number;
  stop(): void;
}

export type StartSurge = (options: SurgeOptions) => Surge;

const connections = 50;
const maxSeconds = 600;

export const startSurge: StartSurge = ({ url, requestsPerSecond, seconds }) => {
  let answers = 0;
  const options = {
    url,
    connections: Math.min(connections, requestsPerSecond),
    duration: Math.min(maxSeconds, seconds),
    overallRate: requestsPerSecond,
    // A server that dies under it would be asked for connections without a pause, at the cost of a core and of the injector's memory.
    setupClient: guardConnections(() => {}),
  };
  // With a callback it answers with the running instance, not with the promise of its result.
  const instance = autocannon(options, () => {});
  instance.on('response', () => {
    answers += 1;
  });
  return {
    get answers() {
      return answers;
    },
    stop: () => instance.stop(),
  };
};
