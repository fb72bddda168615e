/** Refuses an id or a digest that the read-back could not use. */

export function checkId(id: unknown, runId: string): void {
  if (typeof id !== 'string' || !id.startsWith(`${runId}-`) || id.length > 200)
    throw new TypeError(`wrong id ${JSON.stringify(id)}; take one from newId(), which starts with the run's id`);
}

export function checkDigest(digest: unknown): void {
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
    throw new TypeError(`wrong digest ${JSON.stringify(digest)}; use digestOf(...), a SHA-256 in hexadecimal`);
}
