/** The parts that `encore.yaml` describes in the same way for Compose files and for processes. */
import { containerNameSchema, faultKindSchema, proxyNameSchema, systemSchema } from '@encore/contracts';
import { z } from 'zod';

const container = systemSchema.shape.containers.valueType;
const proxy = systemSchema.shape.proxies.valueType;

const allowedKinds = z
  .union([z.literal('all'), z.array(faultKindSchema)])
  .default('all')
  .describe('all, or a list of fault kinds such as [crash, latency]');

export const containerSchema = container.omit({ proxyApi: true }).extend({
  allowedKinds,
  crash: container.shape.crash
    .unwrap()
    .default({ signal: 'SIGKILL' })
    .describe("the signal that crashes the container's main process"),
  supervise: z
    .boolean()
    .default(false)
    .describe('whether the supervisor starts the container again if nothing else does'),
});

const proxySchema = proxy.omit({ runsIn: true, listen: true, upstream: true }).extend({
  allowedKinds,
  probe: proxy.shape.probe.describe(
    'how Encore checks a connection through the proxy: banner if the server sends the first bytes, none if nothing is known',
  ),
});

/** `proxies`, `entry` and `recoveryOf`. */
export const commonShape = {
  proxies: z
    .record(proxyNameSchema, proxySchema)
    .describe('the TCP ports that get a proxy in front of them, by service and port'),
  entry: proxyNameSchema.describe('the proxy that users connect to'),
  recoveryOf: containerNameSchema.describe('the container whose recovery is judged; needs health'),
};
