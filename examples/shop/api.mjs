/** The API: products and orders, as JSON, in PostgreSQL. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import pg from 'pg';

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
  query_timeout: 3_000,
});

// The deliberate weakness of this example: all requests share one connection, which is opened once.
// If the database restarts, that connection is closed, and the API fails until it is restarted.
// To fix it, replace the next line by: const database = pool;
const database = await pool.connect();
database.on('error', ({ message }) => console.error(`database: ${message}`));

/** Returns status and body of the response. */
async function answer({ method, url }, readBody) {
  const { pathname } = new URL(url, 'http://shop');
  if (method === 'GET' && pathname === '/health') {
    await database.query('SELECT 1');
    return [200, { status: 'ready' }];
  }
  if (method === 'GET' && pathname === '/products') {
    const { rows } = await database.query('SELECT name, price_cents FROM products ORDER BY name');
    return [200, rows];
  }
  const id = /^\/orders\/([\w-]{1,100})$/.exec(pathname)?.[1];
  if (method === 'GET' && id !== undefined) {
    const { rows } = await database.query('SELECT * FROM orders WHERE id = $1', [id]);
    return rows.length === 0 ? [404, { error: `there is no order ${id}` }] : [200, rows[0]];
  }
  if (method === 'PUT' && id !== undefined) {
    const { product, quantity } = await readBody();
    // A client may repeat the request; the order is stored once.
    const { rows } = await database.query(
      `INSERT INTO orders (id, product, quantity) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET product = excluded.product, quantity = excluded.quantity
       RETURNING *`,
      [id, product, quantity],
    );
    return [200, rows[0]];
  }
  return [404, { error: `there is no ${method} ${pathname}` }];
}

/** Classes of SQLSTATE that the client caused: invalid data, violated constraints. */
const isInvalid = ({ code }) => /^2[23]/.test(code ?? '');

const server = createServer(async (request, response) => {
  let status, body;
  try {
    [status, body] = await answer(request, () => json(request));
  } catch (error) {
    status = error instanceof SyntaxError || isInvalid(error) ? 400 : 503;
    body = { error: error.message };
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 3000));
