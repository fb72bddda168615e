/** The proxy contract on the embedded proxy. */
import { startEmbeddedProxy } from '../support/proxies.ts';
import { proxyContract } from './proxy-contract.ts';

proxyContract('embedded', startEmbeddedProxy);
