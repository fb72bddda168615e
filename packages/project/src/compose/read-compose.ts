/**
 * Asks Docker Compose for the user's project in its resolved form. Starts nothing, and needs no
 * engine.
 */
import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { type ComposeProject, composeProjectSchema, unescapeDollars } from './compose-model.ts';

export interface ComposeFiles {
  /** Folder in which Compose runs. */
  folder: string;
  /** Paths of Compose files; empty for those that Compose finds itself. */
  files: readonly string[];
}

export type ReadCompose = { ok: true; project: ComposeProject; warnings: string[] } | { ok: false; problem: string };

const timeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;

/**
 * Reads all services, including those of inactive profiles. `ifMissing` states what to do if the
 * folder has no Compose file.
 */
export async function readCompose(files: ComposeFiles, ifMissing: string): Promise<ReadCompose> {
  // As YAML, because Compose leaves zeros out of its JSON: `ulimits: { core: 0 }` becomes `{}`.
  const { error, stdout, stderr } = await runCompose(['--profile', '*', 'config'], files);
  if (error !== null) return { ok: false, problem: composeProblem(error, stderr, ifMissing) };
  try {
    const project = composeProjectSchema.parse(parse(stdout));
    return { ok: true, project, warnings: stderr.split('\n').flatMap(warningOf) };
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    return {
      ok: false,
      problem: `docker compose config: unexpected output. Encore needs Compose 2.20 or later\n${detail}`,
    };
  }
}

/**
 * The values that Compose takes for these variables, from the environment or from `.env`. Those
 * that are not set are missing.
 */
export async function readVariables(
  names: readonly string[],
  { folder, files }: ComposeFiles,
): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  // Compose reads `.env` in the folder of the first file.
  const of = resolve(folder, files[0] === undefined ? '.' : dirname(files[0]));
  const variables = names.map((name) => [`\${${name}-}`, `\${${name}+set}`]);
  const text = stringify({ name: 'encore', services: {}, 'x-variables': variables });
  const { error, stdout } = await runDocker(['compose', '--project-directory', of, '-f', '-', 'config'], folder, text);
  if (error !== null) return {};
  const values = z.object({ 'x-variables': z.array(z.tuple([z.string(), z.string()])) }).parse(parse(stdout));
  return Object.fromEntries(
    names.flatMap((name, index) => {
      const [value = '', isSet = ''] = values['x-variables'][index] ?? [];
      return isSet === '' ? [] : [[name, unescapeDollars(value)]];
    }),
  );
}

interface Finished {
  error: (Error & { code?: string | number | null }) | null;
  stdout: string;
  stderr: string;
}

/** Runs `docker compose` on these files; returns its output even if it fails. */
export function runCompose(args: readonly string[], { folder, files }: ComposeFiles): Promise<Finished> {
  return runDocker(['compose', ...files.flatMap((file) => ['-f', file]), ...args], folder);
}

/** Runs `docker` with this input; returns its output even if it fails. */
export function runDocker(args: readonly string[], folder: string, input = ''): Promise<Finished> {
  return new Promise((done) => {
    const options = { cwd: folder, timeout: timeoutMs, maxBuffer: maxOutputBytes };
    const child = execFile('docker', args, options, (error, stdout, stderr) => done({ error, stdout, stderr }));
    // A command that ends without reading its input is not an error.
    child.stdin?.on('error', () => {}).end(input);
  });
}

function composeProblem(error: NonNullable<Finished['error']>, stderr: string, ifMissing: string): string {
  if (error.code === 'ENOENT')
    return 'there is no docker command on the PATH; install Docker with Compose 2.20 or later';
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => warningOf(line).length === 0);
  const text = lines.join('\n') || error.message;
  if (text.includes('no configuration file provided')) return `no Compose file in this folder; ${ifMissing}`;
  if (text.includes('is not a docker command')) return 'docker has no compose command; install Compose 2.20 or later';
  return `docker compose cannot read the project: ${text}`;
}

/** The message of a warning of Compose, such as one about a variable that is not set. */
function warningOf(line: string): string[] {
  const message = /level=warning msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return message === undefined ? [] : [message.replaceAll('\\"', '"')];
}
