/** Loads the program. Exits with 3 (refused) on an error: Node's own 1 would mean FAILED. */
const { main } = await import('./program.ts').catch((error: unknown) => {
  process.stderr.write(`encore failed to load: ${error instanceof Error ? error.message : String(error)}\n`);
  return process.exit(3);
});
await main();

export {};
