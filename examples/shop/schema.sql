CREATE TABLE products (name text PRIMARY KEY, price_cents integer NOT NULL);
INSERT INTO products VALUES ('bread', 390), ('cheese', 740), ('honey', 620), ('olives', 450);

CREATE TABLE orders (
  id text PRIMARY KEY,
  product text NOT NULL REFERENCES products,
  quantity integer NOT NULL CHECK (quantity > 0),
  shipped boolean NOT NULL DEFAULT false
);
CREATE INDEX ON orders (id) WHERE NOT shipped;
