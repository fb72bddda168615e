/** The load of a small shop, as its owner would write it. Responses are `{ data }` or `{ error }`. */
import {
  corrupt,
  defineWorkload,
  digestOf,
  type Failure,
  type Response,
  refused,
  stale,
  type User,
} from '@encore/workload';

interface Item {
  id: string;
  price: number;
  version: number;
}

interface State {
  items: Item[];
}

type Body = { data?: Item; error?: { message: string } };

export default defineWorkload<State>({
  user: () => ({ items: [] }),
  first: 'add',
  operations: {
    add: {
      weight: 4,
      run: async (user) => {
        await put(user, { id: user.newId(), price: user.random.integer(1, 100), version: 1 });
      },
    },
    change: {
      weight: 2,
      run: async (user) => {
        const before = oneOf(user, ({ version }) => version === 1);
        await put(user, { ...before, price: before.price + 1_000, version: 2 });
      },
    },
    look: {
      weight: 6,
      run: async (user) => {
        const item = oneOf(user);
        await user.http.get(`/items/${item.id}`, { status: [200, 404], check: (response) => problemOf(response, item) });
      },
    },
    drop: {
      weight: 1,
      run: async (user) => {
        const { id } = oneOf(user);
        user.state.items = user.state.items.filter((item) => item.id !== id);
        await user.remove(id, { method: 'DELETE', path: `/items/${id}` });
      },
    },
  },
  probe: { request: { method: 'GET', path: '/health' } },
  errors: { code: ['/error/code'], message: ['/error/message'], definite: ['/error/definite'] },
  readBack: async ({ http }, id) => {
    const response = await http.get(`/items/${id}`, { status: [200, 404] });
    const { data } = response.json() as Body;
    return data === undefined ? null : { digest: digestOf(`${data.id} ${data.price}`), version: data.version };
  },
  list: async function* ({ http }, prefix) {
    const { data } = (await http.get(`/items?prefix=${prefix}`)).json() as { data: Item[] };
    for (const { id } of data) yield { id };
  },
});

async function put(user: User<State>, item: Item): Promise<void> {
  const { id, price, version } = item;
  // Until it is acknowledged, the item is uncertain.
  user.state.items = user.state.items.filter((other) => other.id !== id);
  const path = `/items/${id}`;
  const check = (response: Response) => problemOf(response, item);
  await user.write(id, digestOf(`${id} ${price}`), { method: 'PUT', path, json: { price }, check }, { version });
  user.state.items.push(item);
}

/** What is wrong with a response that must show this item. */
function problemOf(response: Response, { id, price, version }: Item): Failure | null {
  const { data, error } = response.json() as Body;
  if (response.status === 404) return stale(`${id} is missing`);
  if (error !== undefined) return refused('server_error', error.message);
  if (data === undefined || data.id !== id) return corrupt(`${data?.id} instead of ${id}`);
  if (data.version < version) return stale(`version ${data.version} instead of ${version}`);
  return data.price === price ? null : corrupt(`price ${data.price} instead of ${price}`);
}

function oneOf({ state, random, skip }: User<State>, isSuitable: (item: Item) => boolean = () => true): Item {
  const suitable = state.items.filter(isSuitable);
  if (suitable.length === 0) skip('no suitable item yet');
  return random.pick(suitable);
}
