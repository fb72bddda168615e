import { voiceLeadingInputSchema, voiceLeadingOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const voiceLeading = defineTool({
  name: 'voice_leading',
  title: 'Check the voice leading',
  description:
    'Parallel and direct fifths and octaves, crossing, overlap, large and augmented leaps, unresolved leading tones and sevenths. Paginated.',
  input: voiceLeadingInputSchema,
  output: voiceLeadingOutputSchema,
  effect: 'reads',
  cost: 'heavy',
  async run({ score_id, after, limit }, { library, signal }) {
    const task = { kind: 'voice-leading', page: { after, limit } } as const;
    const { head, result } = await library.run(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
