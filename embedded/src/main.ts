/** Loads the program. If that fails, exits as refused: Node's own exit code 1 would mean FAILED. */
const { main } = await import('./encore.ts').catch((error: unknown) => {
  process.stderr.write(`encore could not be loaded: ${error instanceof Error ? error.message : String(error)}\n`);
  return process.exit(3);
});
await main();

export {};
