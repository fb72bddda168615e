/**
 * Imports and exports every file in the folder ENCORE_CORPUS without a difference, refuses the
 * broken ones, and finds the keys that human analysts found.
 */
import assert from 'node:assert/strict';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { type ExportFormat, exportScore } from './formats/export-score.ts';
import { importScore } from './formats/import-score.ts';
import { profileNames } from './keys/key-profiles.ts';
import type { Score } from './model/score.ts';
import { defaultScoreLimits } from './model/score-limits.ts';
import { readJson } from './testing/json-reader.ts';
import { countRightKeys } from './testing/known-keys.ts';
import { differenceOfMidi } from './testing/midi-difference.ts';
import { codeOf, read } from './testing/read-fixture.ts';
import { differenceOfScores } from './testing/score-difference.ts';

const corpus = process.env['ENCORE_CORPUS'] ?? '';

/** Files that are not well-formed; other parsers reject them too. */
const broken = new Set(['32ad-Notations5.musicxml']);

function open(path: string): Promise<Score> {
  return importScore(createReadStream(path), defaultScoreLimits);
}

async function exported(score: Score, format: ExportFormat): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(exportScore(score, format)));
}

function scoresOf(folder: string): string[] {
  if (corpus === '') return [];
  const files = readdirSync(join(corpus, folder)).filter((name) => /\.(xml|musicxml|mxl)$/.test(name));
  return files.map((name) => join(corpus, folder, name));
}

describe('real scores', function () {
  this.timeout(60_000);

  before(function () {
    if (corpus !== '') return;
    console.log(
      '    ENCORE_CORPUS is not set: NO REAL SCORE IS TESTED. It names a folder with scores/ and musicxml-suite/.',
    );
    this.skip();
  });

  it('exist', () => {
    assert.ok(scoresOf('scores').length > 0 && scoresOf('musicxml-suite').length > 0);
  });

  for (const path of [...scoresOf('scores'), ...scoresOf('musicxml-suite')]) {
    const name = path.slice(corpus.length + 1);
    const isBroken = broken.has(name.split('/').at(-1) ?? '');
    it(isBroken ? `refuses ${name}, which is broken` : `imports and exports ${name} without a difference`, async () => {
      if (isBroken) return assert.equal(await codeOf(open(path)), '422 MALFORMED_SCORE');
      const score = await open(path);
      assert.equal(differenceOfScores(score, await read(await exported(score, 'musicxml'))), null);
      assert.equal(
        differenceOfScores(score, readJson(String(await exported(score, 'json')), defaultScoreLimits)),
        null,
      );
      const midi = await exported(score, 'midi');
      if (score.notes.duration.every((duration) => duration === 0))
        return assert.equal(await codeOf(read(midi)), '422 MALFORMED_SCORE');
      return assert.equal(differenceOfMidi(score, await read(midi)), null);
    });
  }

  it('finds the key that human analysts found for at least 20 of 24 songs', async () => {
    const { songs, right } = await countRightKeys(corpus);
    for (const [profile, count] of right) console.log(`      ${profile}: ${count} of ${songs}`);
    const wanted = Math.ceil((songs * 20) / 24);
    assert.ok((right.get('vote') ?? 0) >= wanted);
    assert.ok(Math.max(...profileNames.map((profile) => right.get(profile) ?? 0)) >= wanted);
  });
});
