/** A workload whose calls stall the fake service of load-faults.test.ts. */
import { defineWorkload, type StallCall } from '@encore/workload';

const call = (id: string): StallCall => ({
  prepare: [{ method: 'PUT', path: `/objects/${id}`, body: id }],
  request: { method: 'POST', path: `/calls/${id}` },
  cleanUp: [{ method: 'DELETE', path: `/objects/${id}` }],
});

export default defineWorkload({
  operations: { read: { weight: 1, run: async ({ http }) => void (await http.get('/')) } },
  probe: { request: { method: 'GET', path: '/cheap' } },
  errors: { code: ['/error'], outcomes: { REJECTED: 'breaker_open' } },
  faults: {
    stall: {
      breaker: 'calls',
      slowCall: ({ runId, number }) => call(`${runId}-${number}`),
      quickCall: ({ runId }) => call(`${runId}-quick`),
    },
  },
});
