/** Users of MCP's reference server "everything". Each has a session of its own. */
import { defineWorkload, McpClient } from '@encore/workload';

interface State {
  mcp: McpClient;
}

export default defineWorkload({
  user: (): State => ({ mcp: new McpClient() }),
  operations: {
    sum: {
      weight: 2,
      run: async ({ http, state, random, check }) => {
        const [a, b] = [random.integer(1, 1_000), random.integer(1, 1_000)];
        const { content } = await state.mcp.callTool(http, 'get-sum', { a, b });
        check(content[0]?.text === `The sum of ${a} and ${b} is ${a + b}.`, `${content[0]?.text}`);
      },
    },
    weather: {
      weight: 1,
      run: async ({ http, state, check }) => {
        const result = await state.mcp.callTool(http, 'get-structured-content', { location: 'Chicago' });
        const { temperature } = result.structuredContent as { temperature: number };
        check(temperature === 36, `${temperature} degrees in Chicago`);
      },
    },
    list: {
      weight: 1,
      run: async ({ http, state, check }) => {
        const names = (await state.mcp.listTools(http)).map(({ name }) => name);
        check(names.includes('get-sum') && names.includes('echo'), `tools ${names.join(', ')}`);
      },
    },
  },
  // Without a session, so that availability does not depend on one: the server refuses it at once.
  probe: { request: { method: 'GET', path: '/mcp' }, expect: { status: 400 } },
});
