/** Compiles a JSON Schema (2020-12) with the usual formats. An unknown keyword is a mistake. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Returns a function that describes what is wrong with a body; null if nothing. */
export function compileJsonSchema(schema: object): (body: unknown) => string | null {
  const ajv = new Ajv2020({ strictSchema: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (body) => (validate(body) ? null : ajv.errorsText(validate.errors, { dataVar: 'body' }));
}
