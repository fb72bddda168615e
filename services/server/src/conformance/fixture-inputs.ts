/**
 * The tools and the prompt that need an answer of the client before they can go on. They are written once: a client of 2026-07-28
 * is asked in the result, one of 2025-11-25 in a request of the server's own, which the SDK makes out of the same result.
 */
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type ElicitRequestFormParams,
  type GetPromptResult,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { text } from './fixture-content.ts';
import type { FixtureTool } from './fixture-tools.ts';

/** Signs what the client is given to hold, and refuses it when it comes back changed. */
export const stateCodec = createRequestStateCodec<{ round: number }>({
  key: 'a key of the conformance tests, 32 bytes',
});

type Schema = ElicitRequestFormParams['requestedSchema'];

const words = { type: 'string' } as const;

function form(message: string, properties: Schema['properties'], required?: string[]): InputRequests[string] {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, ...(required && { required }) },
  });
}

function question(prompt: string, maxTokens: number): InputRequests[string] {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens });
}

const askName = () => form('What is your name?', { name: words }, ['name']);
const askConfirmation = () => form('Please confirm', { ok: { type: 'boolean' } }, ['ok']);

function said(words: string): CallToolResult {
  return { content: [text(words)] };
}

/** Asks once for everything in `requests`, and ends when all of it was answered, whether accepted or not. */
function asking(
  requests: (args: Record<string, unknown>) => InputRequests,
  end: (context: ServerContext) => string,
  signed = false,
): FixtureTool {
  return {
    async run(args, context) {
      const wanted = requests(args);
      const { inputResponses, requestState } = context.mcpReq;
      const missing = Object.keys(wanted).some((key) => inputResponse(inputResponses, key).kind === 'missing');
      if (missing || (signed && requestState() === undefined)) {
        return inputRequired({
          inputRequests: wanted,
          ...(signed && { requestState: await stateCodec.mint({ round: 1 }) }),
        });
      }
      return said(end(context));
    },
  };
}

/** What the client answered under this key, as a line of text. */
function answered({ mcpReq }: ServerContext, key: string): string {
  const view = inputResponse(mcpReq.inputResponses, key);
  if (view.kind === 'elicit') return `action=${view.action}, content=${JSON.stringify(view.content)}`;
  if (view.kind === 'sampling') return JSON.stringify(view.result.content);
  return view.kind === 'roots' ? view.roots.map(({ uri }) => uri).join() : 'nothing';
}

const titled = (...titles: string[]) => titles.map((title, i) => ({ const: `value${i + 1}`, title }));
const options = ['option1', 'option2', 'option3'];

export const askingTools: Record<string, FixtureTool> = {
  test_sampling: asking(
    ({ prompt }) => ({ answer: question(String(prompt), 100) }),
    (context) => `LLM response: ${answered(context, 'answer')}`,
  ),
  test_elicitation: asking(
    ({ message }) => ({
      user: form(
        String(message),
        {
          username: { ...words, description: "User's response" },
          email: { ...words, description: "User's email address" },
        },
        ['username', 'email'],
      ),
    }),
    (context) => `User response: ${answered(context, 'user')}`,
  ),
  test_elicitation_sep1034_defaults: asking(
    () => ({
      form: form('Are these right?', {
        name: { ...words, default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { ...words, enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      }),
    }),
    (context) => `Elicitation completed: ${answered(context, 'form')}`,
  ),
  test_elicitation_sep1330_enums: asking(
    () => ({
      form: form('Which of these?', {
        untitledSingle: { ...words, enum: options },
        titledSingle: { ...words, oneOf: titled('First Option', 'Second Option', 'Third Option') },
        legacyEnum: {
          ...words,
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
      }),
    }),
    (context) => `Elicitation completed: ${answered(context, 'form')}`,
  ),
  test_input_required_result_elicitation: asking(
    () => ({ user_name: askName() }),
    ({ mcpReq }) => `Hello, ${acceptedContent(mcpReq.inputResponses, 'user_name')?.['name']}!`,
  ),
  test_input_required_result_sampling: asking(
    () => ({ capital_question: question('What is the capital of France?', 100) }),
    (context) => answered(context, 'capital_question'),
  ),
  test_input_required_result_list_roots: asking(
    () => ({ client_roots: inputRequired.listRoots() }),
    (context) => answered(context, 'client_roots'),
  ),
  test_input_required_result_request_state: asking(
    () => ({ confirm: askConfirmation() }),
    () => 'state-ok',
    true,
  ),
  test_input_required_result_tampered_state: asking(
    () => ({ confirm: askConfirmation() }),
    () => 'state-ok',
    true,
  ),
  test_input_required_result_multiple_inputs: asking(
    () => ({
      user_name: askName(),
      greeting: question('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }),
    (context) => ['user_name', 'greeting', 'client_roots'].map((key) => answered(context, key)).join('; '),
    true,
  ),
  test_input_required_result_multi_round: { run: twoRounds },
  test_input_required_result_capabilities: { run: askWhatTheClientCan },
};

async function twoRounds(_args: unknown, { mcpReq }: ServerContext): Promise<CallToolResult | InputRequiredResult> {
  const round = mcpReq.requestState<{ round: number }>()?.round ?? 0;
  const next = async (key: string, request: InputRequests[string]) =>
    inputRequired({ inputRequests: { [key]: request }, requestState: await stateCodec.mint({ round: round + 1 }) });
  if (round === 0) return next('step1', form('Step 1: What is your name?', { name: words }, ['name']));
  if (round === 1) return next('step2', form('Step 2: What is your favorite color?', { color: words }, ['color']));
  return said('both steps are done');
}

async function askWhatTheClientCan(_args: unknown, { mcpReq }: ServerContext): Promise<InputRequiredResult> {
  const envelope = (mcpReq.envelope ?? {}) as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities };
  const can = envelope[CLIENT_CAPABILITIES_META_KEY] ?? {};
  return inputRequired({
    inputRequests: {
      ...(can.sampling && { thought: question('What do you think?', 50) }),
      ...(can.elicitation && { name: askName() }),
    },
  });
}

export async function contextPrompt({ mcpReq }: ServerContext): Promise<GetPromptResult | InputRequiredResult> {
  const answer = acceptedContent(mcpReq.inputResponses, 'user_context');
  if (!answer) {
    const request = form('What context should the prompt use?', { context: words }, ['context']);
    return inputRequired({ inputRequests: { user_context: request } });
  }
  return { messages: [{ role: 'user', content: text(`Use this context: ${answer['context']}`) }] };
}
