/**
 * Key profiles: the weight of each of the twelve pitch classes in a key, tonic first. Sources:
 * Krumhansl and Kessler (1982), Aarden (2003, Essen corpus), Bellman after Budge (2005), and
 * Temperley (1999, Kostka-Payne corpus), as collected in music21 and Sapp's keycor.
 */

export type ProfileName = 'krumhansl-kessler' | 'aarden-essen' | 'bellman-budge' | 'temperley';

export interface KeyProfile {
  major: readonly number[];
  minor: readonly number[];
}

export const keyProfiles: Readonly<Record<ProfileName, KeyProfile>> = {
  'krumhansl-kessler': {
    major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
    minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
  },
  'aarden-essen': {
    major: [
      17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587, 0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122,
    ],
    minor: [
      18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362, 0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623,
    ],
  },
  'bellman-budge': {
    major: [16.8, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.8, 8.04, 0.62, 10.57],
    minor: [18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21],
  },
  temperley: {
    major: [0.748, 0.06, 0.488, 0.082, 0.67, 0.46, 0.096, 0.715, 0.104, 0.366, 0.057, 0.4],
    minor: [0.712, 0.084, 0.474, 0.618, 0.049, 0.46, 0.105, 0.747, 0.404, 0.067, 0.133, 0.33],
  },
};

export const profileNames = Object.keys(keyProfiles) as ProfileName[];
