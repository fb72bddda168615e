import { defineWorkload } from '@encore/workload';

export default defineWorkload({
  operations: {
    read: {
      weight: 1,
      run: async ({ http }) => {
        await http.get('/');
      },
    },
  },
  probe: { request: { method: 'GET', path: '/' } },
});
