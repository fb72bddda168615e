/** Names that `encore init` chooses for a workload: its folder, and those of its operations. */

/** A folder of its own, because a run copies the whole folder of a module. */
export const workloadFolder = 'encore-workload';

/** The load generator allows 40 characters; a number may follow. */
const maxLength = 36;

/** `place-order` for these two words; with a number if the name is taken. */
export function operationName(words: readonly string[], taken: ReadonlyMap<string, unknown>): string {
  const joined = words.join('-').slice(0, maxLength);
  const base = /^[a-z]/.test(joined) ? joined : `o-${joined}`.slice(0, maxLength);
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
  return name;
}

/** The words of `placeOrder` or `place_order`, in lower case; null if there are none. */
export function wordsOf(text: string): string[] | null {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
}
