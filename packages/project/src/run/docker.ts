/** Runs `docker` for a run: quietly, or with the terminal of the user. */
import { spawn } from 'node:child_process';
import { EncoreError } from '@encore/kit';
import { dockerEnvironment } from './config.ts';

const shownLines = 25;

/**
 * Returns standard output. Throws DOCKER_FAILED with the end of the output. An aborted signal
 * interrupts the command and waits until it has exited.
 */
export async function docker(
  args: readonly string[],
  signal?: AbortSignal,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  signal?.throwIfAborted();
  // In a process group of its own, so that Ctrl-C reaches it only through us.
  const child = spawn('docker', args, {
    env: { ...dockerEnvironment(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let both = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    both += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    both += text;
  });
  const code = await exitOf(child, signal, () => child.kill('SIGINT'));
  signal?.throwIfAborted();
  if (code === 0) return stdout;
  const end = both.trim().split('\n').slice(-shownLines).join('\n');
  throw new EncoreError('DOCKER_FAILED', `docker ${commandOf(args)} failed with exit code ${code}\n${end}`);
}

/** `compose up` for `compose --progress quiet -p shop up -d`. */
function commandOf([first = '', ...rest]: readonly string[]): string {
  // Each option of Compose before its subcommand has a value.
  const second = first === 'compose' ? rest.find((arg, i) => i % 2 === 0 && !arg.startsWith('-')) : rest[0];
  return second === undefined || second.startsWith('-') ? first : `${first} ${second}`;
}

/**
 * Runs a command that is attached to this container, with our standard input and output, to its
 * end. Its exit code is not returned: if the engine stops, it is not that of the container.
 */
export async function dockerInForeground(
  args: readonly string[],
  { container, signal, isTerminal }: { container: string; signal: AbortSignal; isTerminal: boolean },
): Promise<void> {
  // Only a program of the foreground group may read a terminal. There, Ctrl-C is a key that the
  // program in the container reads, so the command must not get the signal as well.
  const child = spawn('docker', args, { env: dockerEnvironment(), stdio: 'inherit', detached: !isTerminal });
  // Compose itself would exit on a signal and leave the container running.
  await exitOf(child, signal, () => {
    docker(['kill', '--signal', 'SIGINT', container]).catch(() => child.kill('SIGINT'));
  });
}

async function exitOf(
  child: ReturnType<typeof spawn>,
  signal: AbortSignal | undefined,
  interrupt: () => void,
): Promise<number> {
  const ended = Promise.withResolvers<number>();
  child.once('error', ended.reject);
  child.once('close', (code) => ended.resolve(code ?? 1));
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await ended.promise;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}
