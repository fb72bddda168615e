/** A workload that makes the mistake that its parameter names. The comments mark the places. */
import { defineWorkload, digestOf, type User } from '@encore/workload';

type Settings = { mistake: string };
type BrokenUser = User<undefined, string, Settings>;

const kept: unknown[] = [];
const never = new Promise(() => {});
const page = () => ({ method: 'GET' as const, path: '/scores?limit=1' });

const mistakes: Record<string, (user: BrokenUser) => Promise<void> | void> = {
  throws: () => {
    throw new Error('a mistake'); // throws
  },
  'throws in a check': async ({ http }) => {
    await http.request({ ...page(), check: ({ status }) => (status as unknown as { no: { such: null } }).no.such }); // throws in a check
  },
  loops: async ({ http }) => {
    await http.request(page());
    for (let i = 0; i >= 0; i = (i + 1) % 7); // loops
  },
  'waits forever': async ({ http }) => {
    await http.request(page()); // waits forever
    await never;
  },
  rejects: async ({ http }) => {
    void Promise.reject(new Error('nobody waits for this')); // rejects
    await http.request(page());
  },
  leaks: async ({ http }) => {
    await http.request(page());
    for (let i = 0; i < 20; i += 1) kept.push(Array.from({ length: 50_000 }, (_, j) => `${i} ${j}`)); // leaks
  },
  'keeps buffers': async ({ http }) => {
    await http.request(page());
    kept.push(Buffer.alloc(50_000_000, 1));
  },
  'writes a wrong digest': async ({ write, newId }) => {
    await write(newId(), 'the price is 3', { ...page(), method: 'PUT' }); // writes a wrong digest
  },
  'writes an id of its own': async ({ write }) => {
    await write('item-1', digestOf(''), { ...page(), method: 'PUT' }); // writes an id of its own
  },
  'builds an invalid request': async ({ http }) => {
    await http.get('no slash'); // builds an invalid request
  },
  exits: () => {
    process.exit(3); // exits
  },
  'kills itself': () => {
    process.kill(process.pid, 'SIGKILL'); // kills itself
  },
  'replaces a global': async ({ http }) => {
    globalThis.setTimeout = (() => 0) as never; // replaces a global
    await http.request(page());
  },
  'does not wait': ({ http }) => {
    void http.request(page()).catch(() => {}); // does not wait
  },
  'plans badly': () => {},
  'throws in a later probe': () => {},
  'throws in readBack': writeOne,
  'reads back no digest': writeOne,
  'waits forever in readBack': writeOne,
  'waits forever in list': writeOne,
  'repeats itself in list': writeOne,
  'lists what it must not': writeOne,
  'reads back no JSON': writeOne,
  'throws in setup': () => {},
  'waits forever in setup': () => {},
  'waits forever in teardown': () => {},
};

async function writeOne({ write, newId }: BrokenUser): Promise<void> {
  const id = newId();
  await write(id, digestOf('x'), { method: 'PUT', path: `/scores/${id}`, body: 'x' });
}

export default defineWorkload<undefined, string, Settings>({
  parameters: { mistake: 'throws' },
  operations: {
    act: {
      weight: 1,
      run: (user) => mistakes[user.parameters.mistake]?.(user),
      deadlineMs: (mistake) => (mistake === 'waits forever' ? 1_000 : 30_000),
    },
  },
  plan: ({ parameters }) => {
    if (parameters.mistake === 'plans badly') throw new Error('no plan'); // plans badly
    return parameters.mistake;
  },
  probe: ({ number, parameters, runId }) => {
    if (parameters.mistake !== 'throws in a later probe') return { request: page() };
    if (number > 1) throw new Error('no other probe'); // throws in a later probe
    const write = { method: 'PUT' as const, path: `/scores/${runId}-probe-1`, body: 'x' };
    // Nothing is there, so the load generator soon asks for another probe.
    const request = { method: 'GET' as const, path: '/scores/absent' };
    return { request, object: { id: `${runId}-probe-1`, digest: digestOf('x'), request: write } };
  },
  // setup
  setup: async ({ http, parameters }) => {
    if (parameters.mistake === 'throws in setup') throw new Error('not set up'); // throws in setup
    await http.request(page());
    if (parameters.mistake === 'waits forever in setup') await never;
  },
  // reads back no digest
  readBack: async ({ http, parameters }, id) => {
    if (parameters.mistake === 'throws in readBack') throw new Error('not read'); // throws in readBack
    const response = await http.get(`/scores/${id}`, { status: [200, 404] });
    if (parameters.mistake === 'waits forever in readBack') await never;
    if (parameters.mistake === 'reads back no JSON') response.json();
    return parameters.mistake === 'reads back no digest' ? 'x' : digestOf('x');
  },
  // list
  list: async function* ({ http, parameters }, prefix) {
    await http.request(page());
    while (parameters.mistake === 'repeats itself in list') yield `${prefix}u1-1`;
    if (parameters.mistake === 'lists what it must not') yield 'item-1';
    if (parameters.mistake === 'waits forever in list') await never;
    yield* [];
  },
  // teardown
  teardown: async ({ parameters }) => {
    if (parameters.mistake === 'waits forever in teardown') await never;
  },
});
