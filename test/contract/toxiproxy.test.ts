/** Runs the proxy contracts on Toxiproxy itself. */
import { before, describe } from 'mocha';
import { requireEngine } from '../support/engine.ts';
import { startToxiproxy } from '../support/proxies.ts';
import { proxyContract } from './proxy-contract.ts';
import { toxiproxyApiContract } from './toxiproxy-api-contract.ts';

describe('Toxiproxy', () => {
  before(async function () {
    await requireEngine(this);
  });
  proxyContract('Toxiproxy', startToxiproxy);
  toxiproxyApiContract('Toxiproxy', startToxiproxy);
});
