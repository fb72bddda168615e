/** The workload of a toy lab: what a spike repeats. The labs have no users. */
import { defineWorkload } from '@encore/workload';

export default defineWorkload({
  operations: { read: { weight: 1, run: async ({ http }) => void (await http.get('/')) } },
  probe: { request: { method: 'GET', path: '/' } },
});
