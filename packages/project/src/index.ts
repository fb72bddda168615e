/** Somebody's own Compose project: what `encore init` and `encore compose` do. */
export * from './compose/read-compose.ts';
export * from './generate/compose-text.ts';
export * from './generate/generate-project.ts';
export * from './generate/mask-secrets.ts';
