/**
 * Preloaded by each program of a lab with a seeded bug: imports of the replaced module get the bug,
 * which itself imports the original and changes one thing. The product is unaware of it, so no
 * setting can seed a bug.
 */
import { registerHooks } from 'node:module';

const original = process.env['MUTATION_ORIGINAL'];
const seeded = process.env['MUTATION_SEEDED'];
if (original === undefined || seeded === undefined)
  throw new Error('MUTATION_ORIGINAL and MUTATION_SEEDED must be set');

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url === original && context.parentURL !== seeded ? { ...found, url: seeded } : found;
  },
});
