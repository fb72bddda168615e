import { leftOut } from '@encore/contracts/music-api';
import { exportScoreInputSchema, exportScoreOutputSchema } from '@encore/contracts/server-api';
import { sha256Hex } from '@encore/kit';
import { defineTool } from './tool.ts';

/** An MCP message is kept in memory as a whole, so its content is limited. */
const maxExportBytes = 4 * 1024 * 1024;

export const exportScore = defineTool({
  name: 'export_score',
  title: 'Export a score',
  description: `Returns the score as MusicXML, MIDI (base64, repeats expanded) or JSON, without ${leftOut.join(', ')}. GET /scores/{id} returns the uploaded bytes.`,
  input: exportScoreInputSchema,
  output: exportScoreOutputSchema,
  effect: 'reads',
  cost: 'heavy',
  async run({ score_id, format }, { library, signal }) {
    const task = { kind: 'export', format, maxBytes: maxExportBytes } as const;
    const { head, result } = await library.run(score_id, task, signal);
    const bytes = Buffer.from(result);
    const encoding = format === 'midi' ? 'base64' : 'text';
    const content = bytes.toString(encoding === 'base64' ? 'base64' : 'utf8');
    return { score_id, version: head.version, format, encoding, content, sha256: sha256Hex(bytes) } as const;
  },
});
