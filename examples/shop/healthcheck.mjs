/** `node healthcheck.mjs URL` fails unless the URL answers with a status from 200 to 299. */
const { ok } = await fetch(process.argv[2], { signal: AbortSignal.timeout(2_000) });
process.exit(ok ? 0 : 1);
