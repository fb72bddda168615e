import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Score } from '../model/score.ts';
import { defaultScoreLimits } from '../model/score-limits.ts';
import { note, partwise } from '../testing/fixture-musicxml.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { read } from '../testing/read-fixture.ts';
import { differenceOfScores } from '../testing/score-difference.ts';
import { type ExportFormat, exportScore } from './export-score.ts';
import { importScore } from './import-score.ts';

async function exported(score: Score, format: ExportFormat): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(exportScore(score, format)));
}

async function reread(score: Score): Promise<Score> {
  const bytes = await exported(score, 'musicxml');
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return importScore(once(), defaultScoreLimits);
}

describe('exportScore', () => {
  it('exports MusicXML that imports as the same score', async () => {
    const score = fixtureScore(['C4+E4:1 r:1/2 F#4:1/3 Bb4:1/6~ Bb4:2 | r:4', 'r:2 G3:2 | C3:4'], { fifths: -3 });
    const again = await reread({ ...score, title: 'A & B <"quoted">', composer: "O'Neill" });
    assert.equal(differenceOfScores({ ...score, title: 'A & B <"quoted">', composer: "O'Neill" }, again), null);
  });

  it('exports as a chord only notes of the same length', async () => {
    const chord = note('C', 4, 4) + note('E', 4, 2, '<chord/>') + note('G', 4, 4, '<chord/>');
    const score = await read(partwise(`<measure number="1">${chord}</measure>`));
    const xml = String(await exported(score, 'musicxml'));
    const written = xml.match(/<chord\/>|<backup>|<step>.|<duration>\d/g)?.join(' ');
    assert.equal(written, '<step>E <duration>2 <backup> <duration>2 <step>C <duration>4 <chord/> <step>G <duration>4');
    assert.equal(differenceOfScores(score, await reread(score)), null);
  });

  it('detects a difference', async () => {
    const score = fixtureScore(['C4:4']);
    assert.match(differenceOfScores(score, fixtureScore(['C#4:4'])) ?? '', /alterCents/);
    assert.match(differenceOfScores(score, { ...score, title: 'x' }) ?? '', /title/);
    assert.match(differenceOfScores(score, fixtureScore(['C4:4'], { fifths: 1 })) ?? '', /keys/);
  });

  it('exports valid JSON without default values', async () => {
    const json: unknown = JSON.parse(String(await exported(fixtureScore(['C4:1 C#4:1~ C#4:2']), 'json')));
    assert.ok(typeof json === 'object' && json !== null && 'parts' in json && Array.isArray(json.parts));
    const [part] = json.parts as { notes: Record<string, unknown>[] }[];
    assert.deepEqual(part?.notes[0], {
      measure: 0,
      onset: 0,
      duration: 5040,
      step: 'C',
      octave: 4,
      midi: 60,
      fifths: 0,
      voice: 1,
      staff: 1,
    });
    assert.deepEqual([part?.notes[1]?.['alter_cents'], part?.notes[1]?.['tie']], [100, 1]);
  });
});
