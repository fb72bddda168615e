/** `encore compose`: prints the Compose file that a run would start. Starts nothing. */
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeError } from '@encore/kit';
import { composeText } from '../generate/compose-text.ts';
import type { GeneratedProject } from '../generate/generate-project.ts';
import { maskSecrets } from '../generate/mask-secrets.ts';
import { prepareProject, type ReadFile } from './prepare-run.ts';

export interface PrintCompose extends ReadFile {
  /** Path of encore.yaml, to whose folder its paths are relative. */
  path: string;
  showSecrets: boolean;
  /** File to write instead of printing. */
  output?: string | undefined;
}

export type PrintedCompose = { ok: true; text: string; notes: string[] } | { ok: false; problems: string[] };

/** As in the run, which has an id of its own. */
const previewId = 'preview';
const fileMode = 0o600;

/** Returns the text to print, and notes for the user. */
export async function printCompose({
  file,
  settings,
  path,
  showSecrets,
  output,
}: PrintCompose): Promise<PrintedCompose> {
  const folder = dirname(resolve(path));
  const prepared = await prepareProject({ file, settings }, folder, previewId);
  if (!prepared.ok) return prepared;
  const { generated, notes } = prepared;
  const shown = showSecrets ? generated.project : maskSecrets(generated.project);
  const text = composeText(shown, header(generated, showSecrets));
  if (output === undefined) return { ok: true, text, notes };
  try {
    await writePrivate(output, text);
  } catch (error) {
    return { ok: false, problems: [`${output} cannot be written: ${describeError(error)}`] };
  }
  return { ok: true, text: '', notes: [...notes, `wrote ${output}; only you can read it`] };
}

/** A file that exists keeps its mode when it is written, so the mode is set first. */
async function writePrivate(path: string, text: string): Promise<void> {
  await chmod(path, fileMode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await writeFile(path, text, { mode: fileMode });
}

function header({ published, renamed }: GeneratedProject, showSecrets: boolean): string[] {
  const targets = Object.entries(renamed).map(([name, target]) => `  ${name} is a sidecar; the container is ${target}`);
  const ports = published.map(({ port, original, service }) => `  ${port} (yours: ${original}), service ${service}`);
  return [
    'Written by "encore compose" from your Compose files and encore.yaml. Do not edit it.',
    showSecrets
      ? 'It contains secrets.'
      : 'Environment values and what looks like a secret are shown as ***; see --show-secrets.',
    ...(targets.length === 0 ? [] : ['', 'Sidecars:', ...targets]),
    ...(ports.length === 0 ? [] : ['', 'Published on free ports of 127.0.0.1, which the engine chooses:', ...ports]),
  ];
}
