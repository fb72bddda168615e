import { leftOut } from '@encore/contracts/music-api';
import { importScoreInputSchema, importScoreOutputSchema } from '@encore/contracts/server-api';
import { EncoreError } from '@encore/kit';
import { defineTool } from './tool.ts';

export const importScore = defineTool({
  name: 'import_score',
  title: 'Import a score',
  description: `Reads MusicXML (as text), or .mxl and MIDI (as base64), and stores it under score_id. Warnings list what was ignored or guessed. Analyses and exports omit ${leftOut.join(', ')}; the stored file keeps them. With an idempotency_key the call can be repeated safely. For large files use PUT /scores/{id}.`,
  input: importScoreInputSchema,
  output: importScoreOutputSchema,
  effect: 'writes',
  cost: 'heavy',
  async run({ score_id, content, encoding, idempotency_key }, { library, signal }) {
    const bytes = encoding === 'base64' ? decodeBase64(content) : encodeText(content);
    const { stored, summary } = await library.import(score_id, bytes, idempotency_key ?? null, signal);
    return { score_id, version: stored.version, sha256: stored.sha256, format: stored.format, ...summary };
  },
});

/** Buffer.from would replace half of a surrogate pair and store different content. */
function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const message = 'content is not well-formed Unicode: it contains half of a surrogate pair';
  throw new EncoreError('INVALID_INPUT', message);
}

/**
 * Buffer.from ignores invalid characters and would store different content, so they are refused.
 */
function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')) return bytes;
  throw new EncoreError('INVALID_INPUT', 'content is not valid base64');
}
