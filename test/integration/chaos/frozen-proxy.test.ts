/**
 * A frozen proxy on both engines: the real Toxiproxy in a container, and the embedded proxy as a
 * process.
 */
import { before, describe } from 'mocha';
import { requireEngine } from '../../support/engine.ts';
import { startDockerToyLab } from './docker-toy-lab.ts';
import { frozenProxySuite } from './frozen-proxy-suite.ts';
import { startProcessToyLab } from './process-toy-lab.ts';

frozenProxySuite('processes', startProcessToyLab);

describe('Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });
  frozenProxySuite('Docker', startDockerToyLab);
});
