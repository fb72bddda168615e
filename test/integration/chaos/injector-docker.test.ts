/** The chaos service on the Docker engine and the real Toxiproxy. */
import { before, describe } from 'mocha';
import { requireEngine } from '../../support/engine.ts';
import { startDockerToyLab } from './docker-toy-lab.ts';
import { injectorSuite } from './injector-suite.ts';

describe('Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });
  injectorSuite('Docker', startDockerToyLab, { docker: true, memory: () => true });
});
