/** Determinism, size, and a key that four published key profiles all find. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'mocha';
import { musicalKeys } from './musical-key.ts';
import { chordPlan, describeScore, scoreChunks, scoreText } from './score-generator.ts';

/**
 * Published key profiles, major then minor: Krumhansl-Kessler 1982, Temperley 2001, Bellman-Budge
 * 2005, Aarden-Essen 2003.
 */
const profiles: Record<string, [number[], number[]]> = {
  krumhansl: [
    [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
    [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
  ],
  temperley: [
    [5, 2, 3.5, 2, 4.5, 4, 2, 4.5, 2, 3.5, 1.5, 4],
    [5, 2, 3.5, 4.5, 2, 4, 2, 4.5, 3.5, 2, 1.5, 4],
  ],
  bellman: [
    [16.8, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.8, 8.04, 0.62, 10.57],
    [18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21],
  ],
  aarden: [
    [17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587, 0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122],
    [18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362, 0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623],
  ],
};
const semitones: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

function histogramOf(xml: string): number[] {
  const histogram = Array<number>(12).fill(0);
  const notes = /<step>(\w)<\/step>(?:<alter>(-?\d)<\/alter>)?<octave>\d<\/octave><\/pitch><duration>(\d+)</g;
  for (const [, step = '', alter = '0', duration = '0'] of xml.matchAll(notes)) {
    const pitchClass = ((semitones[step] ?? 0) + Number(alter) + 12) % 12;
    histogram[pitchClass] = (histogram[pitchClass] ?? 0) + Number(duration);
  }
  return histogram;
}

function correlation(a: number[], b: number[]): number {
  const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = (b[i] ?? 0) - mb;
    ab += (x - ma) * y;
    aa += (x - ma) ** 2;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Returns the best key as "pitch class, mode", and its margin over the second best. */
function findKey(histogram: number[], [major, minor]: [number[], number[]]): { key: string; margin: number } {
  const found = [];
  for (let tonic = 0; tonic < 12; tonic += 1) {
    const turned = histogram.map((_, i) => histogram[(i + tonic) % 12] ?? 0);
    found.push({ key: `${tonic} major`, value: correlation(turned, major) });
    found.push({ key: `${tonic} minor`, value: correlation(turned, minor) });
  }
  found.sort((a, b) => b.value - a.value);
  return { key: found[0]?.key ?? '', margin: (found[0]?.value ?? 0) - (found[1]?.value ?? 0) };
}

function pitchClassName(key: string): string {
  const [, letter = '', accidental = '', mode = ''] = /^(\w)([#b]?) (\w+)$/.exec(key) ?? [];
  const shift = accidental === '#' ? 1 : accidental === 'b' ? -1 : 0;
  return `${((semitones[letter] ?? 0) + shift + 12) % 12} ${mode}`;
}

describe('score generator', () => {
  it('uses the conventional names of 18 keys', () => {
    const names = musicalKeys.map(({ name }) => name);
    assert.deepEqual(
      names.slice(0, 9).join(),
      'Ab major,Eb major,Bb major,F major,C major,G major,D major,A major,E major',
    );
    assert.deepEqual(
      names.slice(9).join(),
      'F minor,C minor,G minor,D minor,A minor,E minor,B minor,F# minor,C# minor',
    );
  });

  it('gives the same bytes for the same recipe, and different ones for another seed', async () => {
    const recipe = { seed: 'one', targetBytes: 200_000 };
    const hash = createHash('sha256');
    let bytes = 0;
    for (const chunk of scoreChunks(recipe)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const known = await describeScore(recipe);
    assert.equal(known.sha256, hash.digest('hex'));
    assert.equal(known.bytes, bytes);
    assert.deepEqual(await describeScore(recipe), known);
    assert.notEqual((await describeScore({ ...recipe, seed: 'two' })).sha256, known.sha256);
  });

  it('comes within one phrase of the target size, in chunks of at most 70 kB', async () => {
    for (const targetBytes of [5_000, 60_000, 600_000, 5_000_000]) {
      const { bytes } = await describeScore({ seed: 'size', targetBytes });
      assert.ok(Math.abs(bytes - targetBytes) < 6_000 + targetBytes / 1_000, `${bytes} for ${targetBytes}`);
    }
    for (const chunk of scoreChunks({ seed: 'size', targetBytes: 1_000_000 })) assert.ok(chunk.length < 70_000);
  });

  it('has the declared key according to four published profiles, in every key', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 400; i += 1) {
      const recipe = { seed: `key-${i}`, targetBytes: i % 4 === 0 ? 60_000 : 4_000 };
      const { key } = await describeScore(recipe);
      seen.add(key);
      const histogram = histogramOf(scoreText(recipe));
      for (const [name, profile] of Object.entries(profiles)) {
        const found = findKey(histogram, profile);
        assert.equal(found.key, pitchClassName(key), `${recipe.seed} by ${name}`);
        assert.ok(found.margin > 0.02, `${recipe.seed} by ${name}: margin ${found.margin}`);
      }
    }
    assert.equal(seen.size, musicalKeys.length);
  });

  it('counts its measures, notes, chords and planted patterns correctly', async () => {
    const recipe = { seed: 'counts', targetBytes: 30_000 };
    const known = await describeScore(recipe);
    const xml = scoreText(recipe);
    assert.equal(xml.match(/<measure /g)?.length, known.measures);
    assert.equal(xml.match(/<note>/g)?.length, known.notes);
    assert.equal([...chordPlan(recipe)].length, known.measures);
    const eighths = xml.match(/(<note>(?:(?!<\/note>).)*<type>eighth<\/type><\/note>\n){8}/g);
    assert.equal(eighths?.length, known.patterns);
  });
});
