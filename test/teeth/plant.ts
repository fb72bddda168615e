/**
 * Preloaded by each program of a lab with a seeded bug: imports of the replaced module get the bug,
 * which itself imports the original and changes one thing. The product does not know of it, so no
 * setting can seed a bug.
 */
import { registerHooks } from 'node:module';

const original = process.env['TEETH_ORIGINAL'];
const planted = process.env['TEETH_PLANTED'];
if (original === undefined || planted === undefined) throw new Error('TEETH_ORIGINAL and TEETH_PLANTED must be set');

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url === original && context.parentURL !== planted ? { ...found, url: planted } : found;
  },
});
