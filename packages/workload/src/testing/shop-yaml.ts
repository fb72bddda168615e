/** For tests: a small shop as a YAML workload, and the functions around its operations. */
export const shopYaml = `
name: shop
first: add
values:
  price: { integer: [1, 100] }
probe:
  request: { path: /health }
operations:
  add:
    weight: 1
    steps:
      - request: { method: PUT, path: '/items/{{ new_id }}', json: { price: '{{ price }}' } }
        write: { id: '{{ new_id }}', content: '{{ new_id }} {{ price }}' }
        check: { status: 201, json: { $.price: '{{ price }}' } }
        remember: true
  look:
    weight: 5
    uses: object
    steps:
      - request: { path: '/items/{{ object.id }}' }
        check:
          headers: { content-type: application/json }
          json: { $.price: '{{ object.price }}' }
          schema: { type: object, properties: { price: { type: integer } }, required: [price] }
        capture: { shown: $.price }
      - request: { path: '/items/{{ object.id }}?price={{ shown }}' }
readBack:
  request: { path: '/items/{{ id }}' }
  capture: { price: $.price }
  content: '{{ id }} {{ price }}'
`;

export const shopFunctions = `
constants:
  token: secret
setup:
  - request: { method: POST, path: /shops, headers: { authorization: 'Bearer {{ token }}' }, json: { name: 'shop-{{ run }}' } }
    check: { json: { $.id: 7 } }
    capture: { shop: $.id }
  - request: { method: PUT, path: '/shops/{{ shop }}/open', headers: { authorization: 'Bearer {{ token }}' } }
list:
  request: { path: '/items?prefix={{ prefix }}&page={{ cursor }}', headers: { authorization: 'Bearer {{ token }}' } }
  ids: $.items[*].id
  cursor: $.next
remove:
  request: { method: DELETE, path: '/items/{{ id }}', headers: { authorization: 'Bearer {{ token }}' } }
teardown:
  - request: { method: DELETE, path: /shops, headers: { authorization: 'Bearer {{ token }}' } }
    check: { status: 404 }
`;
