/** How any service of the lab boots and talks. */
export * from './canonical-json.ts';
export * from './clock.ts';
export * from './durable-file.ts';
export * from './encore-error.ts';
export * from './env.ts';
export * from './event-log.ts';
export * from './guarded-connections.ts';
export * from './http-client.ts';
export * from './http-service.ts';
export * from './logger.ts';
export * from './mcp-tool-call.ts';
export * from './metrics.ts';
export * from './node-http.ts';
export * from './parse.ts';
export * from './random.ts';
export * from './run-service.ts';
export * from './wait-until.ts';
