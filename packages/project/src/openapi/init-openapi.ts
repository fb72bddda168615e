/** `encore init --openapi FILE`: writes a YAML workload for an OpenAPI document. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describeError } from '@encore/kit';
import { decodeText, type ReadText, readTextFile, whyUnreadable } from '@encore/kit/text-file';
import { workloadFolder } from '../init/workload-names.ts';
import { readApiDocument } from './api-document.ts';
import { openApiWorkload } from './openapi-workload.ts';

export interface InitOpenApi {
  /** The user's current folder. */
  folder: string;
  /** Path of the document; `-` for `input`. */
  openapi: string;
  input: AsyncIterable<Uint8Array>;
  /** Replaces a workload that exists. */
  force: boolean;
  /** Path of the JSON Schema of a YAML workload. */
  schema: string;
}

const yamlWorkloadPath = `${workloadFolder}/encore.workload.yaml`;
const maxBytes = 32 * 1024 * 1024;
const tooLarge = 'larger than 32 MB; keep only the operations that users call';

export async function initOpenApi(
  input: InitOpenApi,
): Promise<{ ok: true; lines: string[] } | { ok: false; problems: string[] }> {
  const path = join(input.folder, yamlWorkloadPath);
  if (!input.force && existsSync(path))
    return { ok: false, problems: [`${yamlWorkloadPath} exists and was not changed; replace it with --force`] };
  const source = input.openapi === '-' ? 'standard input' : input.openapi;
  const read = await readDocument(input);
  if (!read.ok) return { ok: false, problems: [`${source}: ${read.problem}`] };
  try {
    const {
      text: workload,
      kept,
      leftOut,
      placeholders,
    } = openApiWorkload(readApiDocument(read.text, source), input.openapi);
    const left = leftOut.map(({ operation, reason }) => `  ${operation}: ${reason}`);
    if (workload === null && left.length === 0)
      return {
        ok: false,
        problems: [`${source} has no operation in paths; a webhook is a call that the service makes`],
      };
    if (workload === null) return { ok: false, problems: ['no operation can be used:', ...left] };
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `# yaml-language-server: $schema=${input.schema}\n${workload}`, {
      flag: input.force ? 'w' : 'wx',
    });
    return {
      ok: true,
      lines: [
        `Wrote ${yamlWorkloadPath}: ${kept.length} of ${kept.length + leftOut.length} operations.`,
        ...(left.length === 0 ? [] : ['', 'Left out:', ...left]),
        ...(placeholders.length === 0
          ? []
          : ['', `Replace the constants ${placeholders.join(', ')} in it: requests need them for authentication.`]),
      ],
    };
  } catch (error) {
    const problems =
      error instanceof Error && !('code' in error)
        ? error.message
        : `${yamlWorkloadPath} cannot be written: ${describeError(error)}`;
    return { ok: false, problems: problems.split('\n') };
  }
}

async function readDocument({ folder, openapi, input }: InitOpenApi): Promise<ReadText> {
  if (openapi !== '-') return readTextFile(resolve(folder, openapi), { maxBytes, tooLarge });
  try {
    const bytes = await buffer(input);
    return bytes.length > maxBytes ? { ok: false, problem: tooLarge } : decodeText(bytes);
  } catch (error) {
    return { ok: false, problem: whyUnreadable(error) };
  }
}
