import assert from 'node:assert/strict';
import { leftOut } from '@encore/contracts/music-api';
import { after, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, startFixtureServer } from '../testing/fixture-server.ts';
import { tools } from './index.ts';

const note = (step: string, octave: number, chord = '') =>
  `<note>${chord}<pitch><step>${step}</step><octave>${octave}</octave></pitch><duration>1</duration></note>`;
const chord = (...pitches: [string, number][]) =>
  pitches.map(([step, octave], i) => note(step, octave, i > 0 ? '<chord/>' : '')).join('');
/** I IV V I in C major, twice. */
const measure = `${chord(['C', 3], ['E', 4], ['G', 4])}${chord(['F', 3], ['F', 4], ['A', 4])}${chord(['G', 3], ['D', 4], ['B', 4])}${chord(['C', 3], ['E', 4], ['C', 5])}`;
const content = `<score-partwise><part-list><score-part id="P1"><part-name>Choir</part-name></score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><key><fifths>0</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time></attributes>${measure}</measure><measure number="2">${measure}</measure></part></score-partwise>`;

describe('analysis tools', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url);
    await server.ready();
    await server.call('import_score', { score_id: 'choir', content });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  it('names chords in pages', async () => {
    const first = await server.call('chord_analysis', { score_id: 'choir', limit: 3 });
    const rest = await server.call('chord_analysis', { score_id: 'choir', after: first.content['next'] });
    const chords = [
      ...(first.content['chords'] as { roman: string }[]),
      ...(rest.content['chords'] as { roman: string }[]),
    ];
    assert.deepEqual(
      chords.map(({ roman }) => roman),
      ['I', 'IV', 'V', 'I', 'I', 'IV', 'V', 'I'],
    );
    assert.deepEqual([first.content['key'], rest.content['next']], ['C major', null]);
  });

  it('finds the key of each window in pages', async () => {
    const window = { measures: 1 };
    const { content } = await server.call('key_analysis', { score_id: 'choir', window, limit: 1 });
    assert.deepEqual([content['key'], content['total'], content['next']], ['C major', 2, 1]);
    const rest = await server.call('key_analysis', { score_id: 'choir', window, after: 1 });
    assert.deepEqual(
      (rest.content['windows'] as { from_measure: number; key: string }[]).map(({ from_measure, key }) => [
        from_measure,
        key,
      ]),
      [[2, 'C major']],
    );
    assert.equal(rest.content['next'], null);
    assert.equal((await server.call('key_analysis', { score_id: 'choir' })).content['windows'], undefined);
    const wrong = { score_id: 'choir', window: { measures: 0 } };
    assert.equal((await server.call('key_analysis', wrong)).code, 'INVALID_INPUT');
  });

  it('analyzes harmony, voice leading and patterns', async () => {
    const harmony = await server.call('harmony_analysis', { score_id: 'choir' });
    assert.deepEqual([harmony.content['home_key'], harmony.content['total']], ['C major', 7]);
    const voices = await server.call('voice_leading', { score_id: 'choir' });
    assert.deepEqual(voices.content['voices'], ['Choir']);
    const patterns = await server.call('pattern_recognition', {
      score_id: 'choir',
      kinds: ['repeated'],
      min_length: 4,
    });
    assert.deepEqual((patterns.content['patterns'] as { shape: string[] }[])[0]?.shape, ['G4', 'A4', 'B4', 'C5']);
  });

  it('reports ignored and omitted content at import and in score_info', async () => {
    const odd = content.replace('<attributes>', '<sound tempo="92,5"/><attributes>');
    const imported = await server.call('import_score', { score_id: 'odd', content: odd });
    const warnings = imported.content['warnings'] as string[];
    assert.deepEqual(warnings.length, 1);
    assert.match(warnings[0] ?? '', /part "P1", measure 1: tempo is ignored: .* not "92,5"/);
    const { content: info } = await server.call('score_info', { score_id: 'odd' });
    assert.deepEqual((info['outline'] as { warnings: string[] }).warnings, warnings);
    assert.ok((info['left_out'] as string[]).includes('lyrics'));
    const plain = await server.call('import_score', { score_id: 'plain', content });
    assert.equal('warnings' in plain.content, false);
    const described = tools.filter(({ description }) => leftOut.every((what) => description.includes(what)));
    assert.deepEqual(described.map(({ name }) => name).sort(), ['export_score', 'import_score', 'score_info']);
  });

  it('orders alternative keys by evidence', async () => {
    const { content: key } = await server.call('key_analysis', { score_id: 'choir' });
    const evidence = (key['alternatives'] as { evidence: number }[]).map((one) => one.evidence);
    assert.equal(evidence.length, 4);
    assert.deepEqual(
      evidence,
      evidence.toSorted((a, b) => b - a),
    );
  });

  it('transposes into a new score', async () => {
    const moved = await server.call('transpose', { score_id: 'choir', new_score_id: 'choir-up', interval: 'm3' });
    assert.deepEqual([moved.content['score_id'], moved.content['version']], ['choir-up', 1]);
    assert.equal((await server.call('key_analysis', { score_id: 'choir-up' })).content['key'], 'Eb major');
    const info = await server.call('score_info', { score_id: 'choir-up' });
    const music = info.content['outline'] as { parts: { lowest: string; highest: string }[] };
    assert.deepEqual([music.parts[0]?.lowest, music.parts[0]?.highest], ['Eb3', 'Eb5']);
  });

  it('returns the same score for a retried transposition, even without its source', async () => {
    await server.call('import_score', { score_id: 'once', content });
    const inPlace = { score_id: 'once', new_score_id: 'once', interval: 'M2', idempotency_key: 'in-place-1' };
    const answers = await Promise.all(Array.from({ length: 4 }, () => server.call('transpose', inPlace)));
    const retry = await server.call('transpose', inPlace);
    for (const { content: answer } of answers) assert.deepEqual(answer, retry.content);
    assert.deepEqual([retry.isError, retry.content['version']], [false, 2]);
    assert.equal((await server.call('key_analysis', { score_id: 'once' })).content['key'], 'D major');

    const copy = { ...inPlace, new_score_id: 'twice', idempotency_key: 'as-a-copy-1' };
    const first = await server.call('transpose', copy);
    assert.deepEqual([first.isError, first.content['version']], [false, 1]);
    await server.call('delete_score', { score_id: 'once' });
    assert.deepEqual(await server.call('transpose', copy), first);
    const listed = await server.call('list_scores', { prefix: 'twice' });
    assert.equal((listed.content['scores'] as unknown[]).length, 1);
  });

  it('refuses an idempotency key that belongs to another request', async () => {
    const request = { score_id: 'choir', new_score_id: 'keyed', interval: 'P5', idempotency_key: 'for-a-fifth' };
    assert.equal((await server.call('transpose', request)).isError, false);
    const others = [{ interval: 'P4' }, { new_score_id: 'keyed-2' }, { score_id: 'choir-up', new_score_id: 'keyed-3' }];
    for (const other of others) {
      assert.equal((await server.call('transpose', { ...request, ...other })).code, 'IDEMPOTENCY_MISMATCH');
    }
    const raced = await Promise.all(
      ['M2', 'M3', 'P4', 'M6'].map((interval) =>
        server.call('transpose', { ...request, interval, new_score_id: 'raced', idempotency_key: 'in-a-race-1' }),
      ),
    );
    const codes = raced.map(({ code }) => code ?? 'stored').sort();
    assert.deepEqual(codes, [...Array(3).fill('IDEMPOTENCY_MISMATCH'), 'stored']);
    const upload = await server.put('keyed', content, { 'idempotency-key': request.idempotency_key });
    assert.equal(upload.status, 422);
    assert.equal((await server.put('uploaded', content, { 'idempotency-key': 'for-an-upload' })).status, 201);
    const reused = { ...request, new_score_id: 'uploaded', idempotency_key: 'for-an-upload' };
    assert.equal((await server.call('transpose', reused)).code, 'IDEMPOTENCY_MISMATCH');
  });

  it('refuses an invalid key and an invalid interval', async () => {
    assert.equal((await server.call('chord_analysis', { score_id: 'choir', key: 'H' })).code, 'INVALID_INPUT');
    const wrong = { score_id: 'choir', new_score_id: 'x', interval: 'P3' };
    assert.equal((await server.call('transpose', wrong)).code, 'INVALID_INTERVAL');
  });
});
