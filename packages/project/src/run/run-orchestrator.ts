/**
 * Runs the orchestrator in the foreground until its container has ended. If the container engine
 * stops, `docker compose run` ends with an exit code of its own, which is not a verdict, while the
 * container may continue.
 */
import { describeError, waitUntil } from '@encore/kit';
import { docker, dockerInForeground } from './docker.ts';

export interface OrchestratorRun {
  /** Name of its container. */
  container: string;
  signal: AbortSignal;
  isTerminal: boolean;
  print: (line: string) => void;
  /** How long the engine may take to return. */
  engineReturnsMs?: number;
}

/** Bounds a container that runs but cannot be attached to. */
const maxAttachments = 10;
const exited = '{{if .State.Running}}running{{else}}{{.State.ExitCode}}{{end}}';

/**
 * `args` start it with `docker`. Returns the exit code of its container; null if it is unknown, for
 * a reason that was printed. Throws DOCKER_FAILED if the container was not created.
 */
export async function runOrchestrator(args: readonly string[], run: OrchestratorRun): Promise<number | null> {
  const { container, print } = run;
  await dockerInForeground(args, run);
  for (let attachments = 0; attachments < maxAttachments; attachments++) {
    const state = await stateOf(run);
    if (state !== 'running') return state === null ? null : Number(state);
    print('The connection to the container engine was lost; the run continues in its containers.');
    await dockerInForeground(['attach', '--no-stdin', '--sig-proxy=false', container], run);
  }
  print(
    `The connection to ${container} was lost more than ${maxAttachments} times, so the run ends here, without a verdict. Check the container engine, then run again.`,
  );
  return null;
}

/** `running` or an exit code; null if the engine does not return. */
async function stateOf({ container, print, engineReturnsMs = 60_000 }: OrchestratorRun): Promise<string | null> {
  const inspect = async () => (await docker(['container', 'inspect', '--format', exited, container])).trim();
  const version = () => docker(['version', '--format', '{{.Server.Version}}']);
  try {
    return await inspect();
  } catch (error) {
    const isUp = await version().then(
      () => true,
      () => false,
    );
    if (isUp) throw error;
  }
  const limit = `${engineReturnsMs / 1_000} s`;
  print(`The container engine does not respond. Waiting up to ${limit} for its return.`);
  try {
    await waitUntil('the container engine', version, { timeoutMs: engineReturnsMs, everyMs: 500 });
  } catch (error) {
    print(`The container engine did not return within ${limit}: ${describeError(error)}`);
    return null;
  }
  return await inspect();
}
