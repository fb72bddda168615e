/** Loads the program. What cannot be loaded is refused: by itself Node would exit with 1, and that says that a run FAILED. */
const { main } = await import('./encore.ts').catch((error: unknown) => {
  process.stderr.write(`encore could not be loaded: ${error instanceof Error ? error.message : String(error)}\n`);
  return process.exit(3);
});
await main();

export {};
