/**
 * Finds the key of each measure. Each measure, together with its neighbours, is correlated with the
 * 24 key profiles, and dynamic programming (Viterbi) finds the best path through the keys. The cost
 * of a change grows with the distance on the circle of fifths, so that a section changes the key
 * and a passing chord does not.
 */
import type { KeyRegion } from '@encore/contracts';
import { type Key, nameOfKey, respellKey, signatureOfKey } from '../keys/key-name.ts';
import { keyProfiles } from '../keys/key-profiles.ts';
import { correlate, measureHistograms } from '../keys/pitch-histogram.ts';
import { modulo, pitchClassOfFifths, spellPitchClass } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';

const profile = keyProfiles['bellman-budge'];
/** Neighbouring measures on each side that are added to a measure. */
const reach = 1;
const changeCost = 0.3;
const distanceCost = 0.05;
/** The piece begins and ends in its home key unless the notes contradict it. */
const homeBonus = 0.5;

const keys: readonly Key[] = Array.from({ length: 24 }, (_, i) => ({
  tonic: spellPitchClass(i >> 1, -5),
  mode: i % 2 === 0 ? 'major' : 'minor',
}));
const costs = keys.map((from) => keys.map((to) => (from === to ? 0 : changeCost + distanceCost * distance(from, to))));

/** Regions of whole measures, in order and without gaps; none if there are no pitched notes. */
export function keyRegionsOf(score: Score, home: Key | null): (KeyRegion & { tonality: Key })[] {
  if (!home) return [];
  const path = bestPath(measureHistograms(score), home);
  const regions: (KeyRegion & { tonality: Key })[] = [];
  for (const [measure, state] of path.entries()) {
    const tonality = respellKey(keys[state] ?? home, signatureOfKey(home));
    const last = regions.at(-1);
    if (last && last.key === nameOfKey(tonality)) last.to_measure = measure + 1;
    else regions.push({ key: nameOfKey(tonality), from_measure: measure + 1, to_measure: measure + 1, tonality });
  }
  return regions;
}

function distance(a: Key, b: Key): number {
  const steps = modulo(signatureOfKey(a) - signatureOfKey(b) + 6, 12) - 6;
  return Math.abs(steps) + (a.mode === b.mode ? 0 : 0.5);
}

function fitsOf(histograms: readonly Float64Array[], measure: number): number[] {
  const weighted = new Float64Array(12);
  for (let index = measure - reach; index <= measure + reach; index++) {
    const weights = histograms[index];
    // The measure itself counts twice.
    for (let i = 0; weights && i < 12; i++)
      weighted[i] = (weighted[i] ?? 0) + (weights[i] ?? 0) * (index === measure ? 2 : 1);
  }
  return keys.map(({ tonic, mode }) => {
    const fit = correlate(weighted, profile[mode], pitchClassOfFifths(tonic));
    return Number.isNaN(fit) ? 0 : fit;
  });
}

/** Returns the index of the key of each measure. */
function bestPath(histograms: readonly Float64Array[], home: Key): number[] {
  const homeIndex = keys.findIndex(({ tonic, mode }) => mode === home.mode && modulo(tonic - home.tonic, 12) === 0);
  let totals: number[] = keys.map((_, key) => (key === homeIndex ? homeBonus : 0));
  const origins: Uint8Array[] = [];
  for (let measure = 0; measure < histograms.length; measure++) {
    const fits = fitsOf(histograms, measure);
    const origin = new Uint8Array(24);
    totals = fits.map((fit, to) => {
      let best = Number.NEGATIVE_INFINITY;
      for (let from = 0; from < 24; from++) {
        const total = (totals[from] ?? 0) - (measure === 0 ? 0 : (costs[from]?.[to] ?? 0));
        if ((measure === 0 && from !== to) || total <= best) continue;
        best = total;
        origin[to] = from;
      }
      return best + fit;
    });
    origins.push(origin);
  }
  const ends = totals.map((total, key) => total + (key === homeIndex ? homeBonus : 0));
  let state = ends.indexOf(Math.max(...ends));
  const path = new Array<number>(histograms.length).fill(0);
  for (let measure = histograms.length - 1; measure >= 0; measure--) {
    path[measure] = state;
    state = origins[measure]?.[state] ?? state;
  }
  return path;
}
