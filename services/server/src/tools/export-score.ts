import { createHash } from 'node:crypto';
import { exportScoreInputSchema, exportScoreOutputSchema } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { exportScore as writeScore } from '../music/index.ts';
import { defineTool } from './tool.ts';

/** An MCP message is held whole, so what goes into one has a limit. */
const maxExportBytes = 4 * 1024 * 1024;

export const exportScore = defineTool({
  name: 'export_score',
  title: 'Export a score',
  description: 'The score as MusicXML, MIDI (base64) or JSON. The bytes as they were uploaded: GET /scores/{id}.',
  input: exportScoreInputSchema,
  output: exportScoreOutputSchema,
  readOnly: true,
  destructive: false,
  cost: 'heavy',
  async run({ score_id, format }, { library, signal }) {
    const { head, score } = await library.load(score_id, signal);
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of writeScore(score, format)) {
      signal.throwIfAborted();
      size += piece.length;
      if (size > maxExportBytes) {
        throw new EncoreError('TOO_LARGE', `an export is limited to ${maxExportBytes} bytes`, {
          status: 413,
          definite: true,
        });
      }
      pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    const encoding = format === 'midi' ? 'base64' : 'text';
    const content = bytes.toString(encoding === 'base64' ? 'base64' : 'utf8');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { score_id, version: head.version, format, encoding, content, sha256 } as const;
  },
});
