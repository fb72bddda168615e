/**
 * The tools and the prompt that need input from the client. One implementation serves both
 * revisions: in 2026-07-28 the result requests the input; for 2025-11-25 the SDK turns that result
 * into a request of the server.
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

/** Signs the state that the client keeps, and rejects it if the client changes it. */
export const stateCodec = createRequestStateCodec<{ round: number }>({
  key: 'a key of the conformance tests, 32 bytes',
});

type Schema = ElicitRequestFormParams['requestedSchema'];

const stringSchema = { type: 'string' } as const;

function form(message: string, properties: Schema['properties'], required?: string[]): InputRequests[string] {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, ...(required && { required }) },
  });
}

function question(prompt: string, maxTokens: number): InputRequests[string] {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens });
}

const askName = () => form('What is your name?', { name: stringSchema }, ['name']);
const askConfirmation = () => form('Please confirm', { ok: { type: 'boolean' } }, ['ok']);

function textResult(value: string): CallToolResult {
  return { content: [text(value)] };
}

/**
 * Requests everything in `requests` once, and finishes when all of it is answered, whether accepted
 * or not.
 */
function inputTool(
  requests: (args: Record<string, unknown>) => InputRequests,
  end: (context: ServerContext) => string,
  signed = false,
): FixtureTool {
  return {
    async run(args, context) {
      const inputRequests = requests(args);
      const { inputResponses, requestState } = context.mcpReq;
      const missing = Object.keys(inputRequests).some((key) => inputResponse(inputResponses, key).kind === 'missing');
      if (missing || (signed && requestState() === undefined)) {
        return inputRequired({
          inputRequests,
          ...(signed && { requestState: await stateCodec.mint({ round: 1 }) }),
        });
      }
      return textResult(end(context));
    },
  };
}

/** The client's answer under this key, as one line of text. */
function answerText({ mcpReq }: ServerContext, key: string): string {
  const view = inputResponse(mcpReq.inputResponses, key);
  if (view.kind === 'elicit') return `action=${view.action}, content=${JSON.stringify(view.content)}`;
  if (view.kind === 'sampling') return JSON.stringify(view.result.content);
  return view.kind === 'roots' ? view.roots.map(({ uri }) => uri).join() : 'nothing';
}

const titled = (...titles: string[]) => titles.map((title, i) => ({ const: `value${i + 1}`, title }));
const options = ['option1', 'option2', 'option3'];

export const inputTools: Record<string, FixtureTool> = {
  test_sampling: inputTool(
    ({ prompt }) => ({ answer: question(String(prompt), 100) }),
    (context) => `LLM response: ${answerText(context, 'answer')}`,
  ),
  test_elicitation: inputTool(
    ({ message }) => ({
      user: form(
        String(message),
        {
          username: { ...stringSchema, description: "User's response" },
          email: { ...stringSchema, description: "User's email address" },
        },
        ['username', 'email'],
      ),
    }),
    (context) => `User response: ${answerText(context, 'user')}`,
  ),
  test_elicitation_sep1034_defaults: inputTool(
    () => ({
      form: form('Are these right?', {
        name: { ...stringSchema, default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { ...stringSchema, enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      }),
    }),
    (context) => `Elicitation completed: ${answerText(context, 'form')}`,
  ),
  test_elicitation_sep1330_enums: inputTool(
    () => ({
      form: form('Which of these?', {
        untitledSingle: { ...stringSchema, enum: options },
        titledSingle: { ...stringSchema, oneOf: titled('First Option', 'Second Option', 'Third Option') },
        legacyEnum: {
          ...stringSchema,
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
      }),
    }),
    (context) => `Elicitation completed: ${answerText(context, 'form')}`,
  ),
  test_input_required_result_elicitation: inputTool(
    () => ({ user_name: askName() }),
    ({ mcpReq }) => `Hello, ${acceptedContent(mcpReq.inputResponses, 'user_name')?.['name']}!`,
  ),
  test_input_required_result_sampling: inputTool(
    () => ({ capital_question: question('What is the capital of France?', 100) }),
    (context) => answerText(context, 'capital_question'),
  ),
  test_input_required_result_list_roots: inputTool(
    () => ({ client_roots: inputRequired.listRoots() }),
    (context) => answerText(context, 'client_roots'),
  ),
  test_input_required_result_request_state: inputTool(
    () => ({ confirm: askConfirmation() }),
    () => 'state-ok',
    true,
  ),
  test_input_required_result_tampered_state: inputTool(
    () => ({ confirm: askConfirmation() }),
    () => 'state-ok',
    true,
  ),
  test_input_required_result_multiple_inputs: inputTool(
    () => ({
      user_name: askName(),
      greeting: question('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }),
    (context) => ['user_name', 'greeting', 'client_roots'].map((key) => answerText(context, key)).join('; '),
    true,
  ),
  test_input_required_result_multi_round: { run: twoRounds },
  test_input_required_result_capabilities: { run: requestSupportedInputs },
};

async function twoRounds(_args: unknown, { mcpReq }: ServerContext): Promise<CallToolResult | InputRequiredResult> {
  const round = mcpReq.requestState<{ round: number }>()?.round ?? 0;
  const next = async (key: string, request: InputRequests[string]) =>
    inputRequired({ inputRequests: { [key]: request }, requestState: await stateCodec.mint({ round: round + 1 }) });
  if (round === 0) return next('step1', form('Step 1: What is your name?', { name: stringSchema }, ['name']));
  if (round === 1)
    return next('step2', form('Step 2: What is your favorite color?', { color: stringSchema }, ['color']));
  return textResult('both steps are done');
}

async function requestSupportedInputs(_args: unknown, { mcpReq }: ServerContext): Promise<InputRequiredResult> {
  const envelope = (mcpReq.envelope ?? {}) as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities };
  const capabilities = envelope[CLIENT_CAPABILITIES_META_KEY] ?? {};
  return inputRequired({
    inputRequests: {
      ...(capabilities.sampling && { thought: question('What do you think?', 50) }),
      ...(capabilities.elicitation && { name: askName() }),
    },
  });
}

export async function contextPrompt({ mcpReq }: ServerContext): Promise<GetPromptResult | InputRequiredResult> {
  const answer = acceptedContent(mcpReq.inputResponses, 'user_context');
  if (!answer) {
    const request = form('What context should the prompt use?', { context: stringSchema }, ['context']);
    return inputRequired({ inputRequests: { user_context: request } });
  }
  return { messages: [{ role: 'user', content: text(`Use this context: ${answer['context']}`) }] };
}
