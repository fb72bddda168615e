/** In a folder with this file, `encore run` runs the project that it describes. */
export const encoreFileName = 'encore.yaml';
