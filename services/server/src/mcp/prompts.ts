/** Prompts that a user can select in an MCP client. */
import { scoreIdSchema } from '@encore/contracts/server-api';
import type { Prompt, Server } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { onePageSchema } from './params.ts';

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

const getSchema = z.object({
  name: z.string().transform((name, context) => {
    const prompt = prompts.find(({ listing }) => listing.name === name);
    if (!prompt) context.addIssue('there is no such prompt; see prompts/list');
    return prompt ?? z.NEVER;
  }),
  arguments: z.object({ score_id: scoreIdSchema }, 'name a stored score in score_id; see list_scores'),
});

export function registerPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', { params: onePageSchema }, () => ({
    prompts: prompts.map(({ listing }) => listing),
  }));
  server.setRequestHandler('prompts/get', { params: getSchema }, ({ name: prompt, arguments: { score_id } }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: prompt.text(score_id) } }],
  }));
}
