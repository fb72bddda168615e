/** The worker: ships what was ordered, once per second. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
  query_timeout: 3_000,
});
pool.on('error', ({ message }) => console.error(`database: ${message}`));

for (;;) {
  try {
    await pool.query('UPDATE orders SET shipped = true WHERE NOT shipped');
  } catch ({ message }) {
    console.error(`database: ${message}`);
  }
  await pause(1_000);
}
