import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { generate, resolvedProject } from '../testing/resolved-project.ts';
import { composeText } from './compose-text.ts';

/** Text that YAML 1.1 or 1.2 would take for another type if it were not quoted. */
const ambiguous = [
  '0777',
  'yes',
  'on',
  '1_000',
  '0b11',
  '~',
  'null',
  '1e3',
  '2020-01-01',
  '<<',
  '=',
  '1:30',
  '.5',
  '0x1F',
  '',
];

describe('composeText', () => {
  it('writes the same bytes whatever the order of the input is', () => {
    const [one, two] = [{ image: 'a', environment: { A: '1', B: '2' } }, { image: 'b' }];
    const swapped = { environment: { B: '2', A: '1' }, image: 'a' };
    const text = composeText(generate(resolvedProject({ one, two }), { proxied: { one: [80], two: [81] } }).project);
    const other = composeText(
      generate(resolvedProject({ one: swapped, two }), { proxied: { two: [81], one: [80] } }).project,
    );
    assert.equal(other, text);
    assert.ok(text.length > 1_000);
  });

  it('keeps every text a text, in YAML 1.1 and 1.2', () => {
    const environment = Object.fromEntries(ambiguous.map((value, index) => [`V${index}`, value]));
    const texts = { ...environment, LINES: 'a\n  b\n', LONG: 'word '.repeat(60), DOLLARS: '$$5' };
    const text = composeText(generate(resolvedProject({ one: { environment: texts } })).project);
    for (const version of ['1.1', '1.2'] as const)
      assert.deepEqual(parse(text, { version }).services.one.environment, texts, version);
  });

  it('begins with the comments', () => {
    assert.match(composeText(generate(resolvedProject({ one: {} })).project, ['first', '']), /^# first\n#\n\nname: /);
  });
});
