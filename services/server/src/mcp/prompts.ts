/** Prompts that a user can select in an MCP client. */
import { scoreIdSchema } from '@encore/contracts/server-api';
import { type Prompt, ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { assertNoCursor } from './cursor.ts';

interface PromptDefinition {
  listing: Prompt;
  text: (scoreId: string) => string;
}

const prompts: readonly PromptDefinition[] = [
  {
    listing: {
      name: 'describe_score',
      title: 'Describe a score',
      description: 'Summarizes the piece, its key and how certain the key is.',
      arguments: [{ name: 'score_id', description: 'The id of a stored score; see list_scores.', required: true }],
    },
    text: (scoreId) =>
      `Describe the score ${scoreId}: call score_info and key_analysis, then describe in a few sentences what the piece consists of, which key it is in, and how certain that is, judging by the correlation and the margin.`,
  },
];

export function registerPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', ({ params }) => {
    assertNoCursor(params);
    return { prompts: prompts.map(({ listing }) => listing) };
  });
  server.setRequestHandler('prompts/get', ({ params }) => {
    const prompt = prompts.find(({ listing }) => listing.name === params.name);
    if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no prompt ${params.name}`);
    const scoreId = scoreIdSchema.safeParse(params.arguments?.['score_id']);
    if (!scoreId.success)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'score_id must be the id of a stored score; see list_scores',
      );
    const text = prompt.text(scoreId.data);
    return { messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}
