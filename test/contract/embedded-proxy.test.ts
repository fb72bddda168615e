/** Runs the proxy contracts on the embedded proxy. */
import { startEmbeddedProxy } from '../support/proxies.ts';
import { proxyContract } from './proxy-contract.ts';
import { toxiproxyApiContract } from './toxiproxy-api-contract.ts';

proxyContract('embedded', startEmbeddedProxy);
toxiproxyApiContract('embedded', startEmbeddedProxy);
