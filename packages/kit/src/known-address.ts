/**
 * Resolves host names like `dns.lookup`, but returns the last known addresses if the lookup fails
 * or takes longer than 300 ms. On Docker, the engine resolves names: while it is stopped or frozen,
 * the lab's services could otherwise not call each other, and the leases of the run would expire.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';

type Found = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Resolve = (hostname: string, options: LookupOptions & { all: true }, callback: Found) => void;

const lookupTimeoutMs = 300;

/** Creates a `lookup` function for `http.request` and `net.connect`. */
export function createKnownAddressLookup(
  resolve: Resolve = systemLookup,
): (hostname: string, options: LookupOptions, callback: Callback) => void {
  const known = new Map<string, LookupAddress[]>();
  /** One lookup per name at a time, because each occupies a thread of Node's pool. */
  const waiting = new Map<string, Found[]>();

  const lookUp = (hostname: string, options: LookupOptions, found: Found): void => {
    const key = `${hostname} ${options.family ?? 0}`;
    const others = waiting.get(key);
    if (others) return void others.push(found);
    const callbacks = [found];
    waiting.set(key, callbacks);
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      waiting.delete(key);
      if (error === null) known.set(key, addresses);
      for (const each of callbacks) each(error, addresses);
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
    const timer = before && setTimeout(() => finish(null, before), lookupTimeoutMs);
    lookUp(hostname, options, (error, addresses) => {
      if (error !== null && before) finish(null, before);
      else finish(error, addresses);
    });
  };
}
