/**
 * Loaded before each program of a planted lab: whoever imports the one module that the bug stands in for gets the bug, which
 * itself imports the right module and changes one thing. The product knows nothing of this, so no setting of it can plant a bug.
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
