/**
 * Looks names up as `dns.lookup` does, and returns the last known addresses of a name while its
 * lookup fails or takes longer than 300 ms. On Docker, names are resolved by the engine: while it
 * is stopped or frozen, the lab's services could not call each other otherwise, and the leases of a
 * run would end.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';

type Found = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Resolve = (hostname: string, options: LookupOptions & { all: true }, callback: Found) => void;

const patienceMs = 300;

/** A `lookup` for `http.request` and `net.connect`. */
export function createKnownAddressLookup(
  resolve: Resolve = systemLookup,
): (hostname: string, options: LookupOptions, callback: Callback) => void {
  const known = new Map<string, LookupAddress[]>();
  /**
   * A lookup occupies a thread of Node's pool, which files need too: one at a time for each name.
   */
  const waiting = new Map<string, Found[]>();

  const ask = (hostname: string, options: LookupOptions, found: Found): void => {
    const key = `${hostname} ${options.family ?? 0}`;
    const others = waiting.get(key);
    if (others) return void others.push(found);
    const asked = [found];
    waiting.set(key, asked);
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      waiting.delete(key);
      if (error === null) known.set(key, addresses);
      for (const each of asked) each(error, addresses);
    });
  };

  return (hostname, options, callback) => {
    const before = known.get(`${hostname} ${options.family ?? 0}`);
    let isOver = false;
    const finish: Found = (error, addresses) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error, []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    };
    const timer = before && setTimeout(() => finish(null, before), patienceMs);
    ask(hostname, options, (error, addresses) => {
      if (error !== null && before) finish(null, before);
      else finish(error, addresses);
    });
  };
}
