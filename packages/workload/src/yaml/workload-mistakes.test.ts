import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { shopFunctions, shopYaml } from '../testing/shop-yaml.ts';
import { readYamlWorkload } from './read-yaml-workload.ts';

describe('YAML workload', () => {
  it('lists the mistakes of the functions', () => {
    const broken = (shopYaml.slice(0, shopYaml.indexOf('readBack:')) + shopFunctions)
      .replace('{{ token }}', '{{ tokne }}')
      .replace('{{ shop }}', '{{ ship }}')
      .replace('$.items[*].id', '$.items[')
      .replace('/items/{{ id }}', '/items/{{ new_id }}')
      .replace('token: secret', '{ token: secret, price: 3 }');
    assert.throws(
      () => readYamlWorkload(broken, 'shop.yaml'),
      ({ message }: Error) => {
        const problems = message.split('\n').map((line) => line.replace(/^shop\.yaml:\d+:\d+: /, ''));
        for (const [index, pattern] of [
          /^constants\.price: is also the name of a value/,
          /^setup\[0\]\.request\.headers\.authorization: unknown name tokne; known here: run, token, price$/,
          /^setup\[1\]\.request\.path: unknown name ship; known here: run, token, price, shop$/,
          /^list: needs readBack/,
          /^list\.ids: not a JSONPath/,
          /^remove\.request\.path: unknown name new_id; known here: id, token, price$/,
        ].entries())
          assert.match(problems[index] ?? '', pattern, message);
        assert.equal(problems.length, 6);
        return true;
      },
    );
  });

  it('lists all mistakes at once, with line and column', () => {
    const broken = shopYaml
      .replace('first: add', 'first: buy')
      .replace("path: '/items/{{ new_id }}'", "path: 'items/{{ newid }}#top'")
      .replace('json: { $.price: ', "json: { '$.price[': ")
      .replace('{ type: object, properties', '{ type: objekt, properties')
      .replace("content: '{{ id }} {{ price }}'", "content: '{{ id }} {{ price'");
    assert.throws(
      () => readYamlWorkload(broken, 'shop.yaml'),
      ({ message }: Error) => {
        const lines = message.split('\n');
        const expected = [
          /^shop\.yaml:3:1: first: unknown operation; use one of add, look$/,
          /^shop\.yaml:12:33: .*\.path: must start with \/$/,
          /^shop\.yaml:12:33: .*\.path: must not contain #/,
          /^shop\.yaml:12:33: .*\.path: unknown name newid; known here: new_id, user, price$/,
          /^shop\.yaml:14:39: .*not a JSONPath/,
          /^shop\.yaml:24:11: .*\.schema: not a JSON Schema/,
          /^shop\.yaml:30:3: readBack\.content: not a template/,
        ];
        for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern, message);
        assert.equal(lines.length, expected.length);
        return true;
      },
    );
    assert.throws(() => readYamlWorkload('name: [1', 'shop.yaml'), /^Error: shop\.yaml:1:9: .* must .*$/);
    const unquoted = shopYaml.replace("path: '/items/{{ new_id }}'", 'path: /items/{{ new_id }}');
    assert.throws(
      () => readYamlWorkload(unquoted, 'shop.yaml'),
      /^Error: shop\.yaml:12:\d+: put quotes around a text with \{\{ \}\}, such as .*$/,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('weight: 5', ''), 'shop.yaml'),
      /shop\.yaml:16:3: operations\.look\.weight: is missing; expected a number of at least 0, such as 1$/,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('weight: 5', 'weight: lots'), 'shop.yaml'),
      /shop\.yaml:17:5: operations\.look\.weight: "lots" is not valid; expected a number of at least 0, such as 1$/,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('method: PUT', 'method: PUTT'), 'shop.yaml'),
      /\.method: "PUTT" is not valid\. Did you mean PUT\? Expected one of GET, HEAD, POST, PUT, PATCH, DELETE$/,
    );
    assert.throws(
      () =>
        readYamlWorkload(
          shopYaml.replace('object.price', 'object.prize').replace('object.id', 'objekt.id'),
          'shop.yaml',
        ),
      /:20:\d+: .*: unknown name objekt\.id; known here: .*\n.*: unknown name object\.prize; known here: new_id, user, price, object\.id, object\.new_id, object\.price$/,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('status: 201', "status: '201'"), 'shop.yaml'),
      /\.check\.status: "201" is not valid; expected a number from 100 to 599, such as 201, or a list of them; default: 200 to 299$/,
    );
    assert.throws(
      () => readYamlWorkload('', 'shop.yaml'),
      /^Error: shop\.yaml:1:1: null is not valid; expected named settings: name, first, .*, teardown$/,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('weight: 5', 'wieght: 5'), 'shop.yaml'),
      /shop\.yaml:17:5: operations\.look\.wieght: unknown name\. Did you mean weight\?$/m,
    );
    assert.throws(
      () => readYamlWorkload(shopYaml.replace('weight: 5', 'weight: 5\n    colour: red'), 'shop.yaml'),
      /^Error: shop\.yaml:18:5: operations\.look\.colour: unknown name\. Known names: weight, uses, steps$/,
    );
    assert.throws(
      () => readYamlWorkload(`operatoins: {}\n${shopYaml}`, 'shop.yaml'),
      /^Error: shop\.yaml:1:1: operatoins: unknown name\. Did you mean operations\?$/,
    );
  });

  it('states what each value of the wrong form must be', () => {
    const changes: [before: string, after: string, message: string][] = [
      [
        'probe:\n  request: { path: /health }\n',
        '',
        'probe: is missing; expected named settings: request, status, such as {"request":{"path":"/health"}}',
      ],
      [
        'operations:',
        'operations:\n  rest: { weight: 1, steps: [] }',
        'steps: [] is not valid; expected a list with at least 1 item, such as [{"request":{"path":"/items"}}]',
      ],
      ['uses: object', 'uses: item', 'uses: "item" is not valid; expected object'],
      ['integer: [1, 100]', 'integer: [1]', 'integer: [1] is not valid; expected a list with 2 items'],
      ['[1, 100]', '[low, 100]', 'integer[0]: "low" is not valid; expected a whole number'],
      ['name: shop', 'constants: { token: [1] }', 'token: [1] is not valid; expected a text, a number, true or false'],
      ['name: shop', 'constants: { Token: 1 }', 'Token: use lowercase letters, digits and _, starting with a letter'],
    ];
    for (const [before, after, message] of changes)
      assert.throws(
        () => readYamlWorkload(shopYaml.replace(before, after), 'shop.yaml'),
        ({ message: line }: Error) => {
          assert.ok(line.endsWith(message) && !line.includes('\n'), line);
          return true;
        },
      );
  });
});
