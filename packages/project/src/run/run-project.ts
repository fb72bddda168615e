/**
 * Runs a prepared project: creates its containers, copies the input, starts them, and runs the
 * orchestrator in the foreground. Copies the results, and removes everything that carries the run's
 * label. The user's own files and stack are not touched.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, type Result, type RunConfig, refusedExitCode } from '@encore/contracts';
import { describeError, EncoreError, makeReadable, ownValue, pluralize } from '@encore/kit';
import type { ComposeProject } from '../compose/compose-model.ts';
import { readVariables } from '../compose/read-compose.ts';
import { composeText } from '../generate/compose-text.ts';
import { labels } from '../generate/labels.ts';
import { writeMonitoringFiles } from '../monitoring/monitoring-files.ts';
import { engineSocket, terminalOptions } from './config.ts';
import { copyResults } from './copy-results.ts';
import { docker } from './docker.ts';
import { freePorts } from './free-ports.ts';
import {
  inputPath,
  type LabOptions,
  resultsFolder,
  runsPath,
  settingsFile,
  systemFile,
  withLab,
} from './lab-services.ts';
import { labTag } from './lab-tag.ts';
import { withMonitoring } from './monitoring-services.ts';
import { prepareMonitoring } from './prepare-monitoring.ts';
import type { PreparedRun } from './prepare-run.ts';
import { createRunFolder, removeRunFolder } from './run-folder.ts';
import { runOrchestrator } from './run-orchestrator.ts';
import { otherRuns, takeDown } from './take-down.ts';
import { copyWorkload } from './workload-files.ts';

export interface RunProject {
  prepared: PreparedRun;
  config: RunConfig;
  /** The checkout of Encore. */
  root: string;
  /** How the user starts Encore, for messages. */
  command: string;
  /** Leaves everything up after the run. */
  keep: boolean;
  /** Whether Prometheus and Grafana show the run. */
  dashboards: boolean;
  isTerminal: boolean;
  /** Prints a line for the user. */
  print: (line: string) => void;
  /** Aborted to end the run early. */
  stop: AbortSignal;
}

/** The exit codes that the orchestrator uses on purpose: those of the verdicts, and 3 (refused). */
const knownCodes: readonly number[] = [...Object.values(exitCodes), refusedExitCode];
const privateFile = 0o600;
/** For a user who stops a run before it has begun. */
export const interruptedText = 'Interrupted before the run began, so there is no report.';

/**
 * Returns the exit code: that of the verdict, 2 if the run ended without one, 3 if no run was
 * started, 130 if it was stopped before it began.
 */
export async function runProject(run: RunProject): Promise<number> {
  const { prepared, keep, print, stop, command } = run;
  const { runId } = prepared;
  const folder = await createRunFolder(runId);
  const { problems, killed } = await otherRuns(runId);
  if (problems.length > 0) {
    await removeRunFolder(runId);
    for (const problem of problems) print(problem);
    return refusedExitCode;
  }
  for (const id of killed)
    print(`Run ${id} of this folder was killed. To remove what it left behind: ${command} revert`);
  try {
    return await perform(run, folder);
  } catch (error) {
    if (stop.aborted) {
      print(interruptedText);
      return exitCodes.INTERRUPTED;
    }
    print(error instanceof EncoreError ? error.message : describeError(error));
    return refusedExitCode;
  } finally {
    if (keep) {
      await removeRunFolder(runId);
      print(`Not removed (--keep): ${prepared.generated.project.name}. To remove what is there: ${command} revert`);
    } else await remove(runId, run);
  }
}

async function perform(run: RunProject, folder: string): Promise<number> {
  const { prepared, root, command, print, stop, isTerminal } = run;
  const monitoring = run.dashboards ? await prepareMonitoring({ root, print, signal: stop }) : null;
  const [pagePort = 0] = await freePorts(1);
  const options: LabOptions = {
    runId: prepared.runId,
    root,
    tag: await labTag(root),
    workload: prepared.workload.path,
    socket: engineSocket(),
    pagePort,
    command,
  };
  const { file, user, generated, system } = prepared;
  const lab = withLab(file.system, user, generated, options);
  const { names } = lab;
  const monitored = monitoring && withMonitoring(lab, monitoring, prepared.runId);
  const { project } = monitored ?? lab;
  const path = join(folder, 'compose.yaml');
  await writeFile(path, composeText(project), { mode: privateFile });
  const compose = ['compose', '--progress', 'quiet', '-p', project.name, '-f', path];
  const profiles = file.system.compose.profiles.flatMap((name) => ['--profile', name]);

  await buildLab([names.chaos, names.loadgen, names.orchestrator], project, compose, run);
  const sidecars = Object.keys(generated.renamed).length;
  print(`Starting ${project.name}, a copy of your project with ${pluralize(sidecars, 'sidecar')}`);
  const built = Object.values(generated.project.services).filter(({ build }) => build !== undefined).length;
  if (built > 0) print(`Building your images (${built}), which may take a few minutes`);
  await docker([...compose, 'create', names.chaos], stop);
  const input = await writeInput(run, join(folder, 'input'), system);
  if (monitored) {
    const hasMemoryLimit = limitOf(system.recoveryOf, generated) !== undefined;
    await writeMonitoringFiles(input, { root, system: { ...system, hasMemoryLimit }, targets: monitored.targets });
  }
  // The programs in the containers run as other users.
  await makeReadable(input);
  await docker([...compose, 'cp', `${input}/.`, `${names.chaos}:${inputPath}`], stop);
  const variables = await secretsOf(run);
  await docker([...compose, ...profiles, 'up', '-d', '--quiet-pull'], stop, variables);
  for (const line of await publishedLines(prepared, project, stop)) print(line);

  const container = `${project.name}-${names.orchestrator}`;
  const code = await runOrchestrator(
    [
      ...compose,
      'run',
      ...(isTerminal ? [] : ['-T']),
      // Prometheus finds it by the name of its service.
      ...['--name', container, '--no-deps', '--service-ports', '--use-aliases', '--quiet-pull'],
      ...terminalOptions(),
      ...[names.orchestrator, 'run', '--config', join(inputPath, settingsFile)],
    ],
    { container, signal: stop, isTerminal, print },
  );
  const result = await copyReport(container, run);
  if (code !== null && knownCodes.includes(code)) return code;
  // An engine that was away when the container ended does not know its exit code.
  if (result !== null) {
    print(`The container engine was away when the run ended. The report in ${resultsFolder} is complete.`);
    print(`Result: ${result}`);
    return exitCodes[result];
  }
  if (code !== null)
    print(
      `The orchestrator ended with exit code ${code}, without a verdict; its last lines above show why. Run again with --keep to inspect the containers.`,
    );
  return exitCodes.INCONCLUSIVE;
}

/** The variables that secrets and configs name. The generated file is not where `.env` is. */
async function secretsOf({ prepared: { user, file, folder } }: RunProject): Promise<Record<string, string>> {
  const all = [...Object.values(user.secrets), ...Object.values(user.configs)];
  const names = all.flatMap(({ environment = [] }) => environment);
  return await readVariables([...new Set(names)], { folder, files: file.system.compose.files });
}

/** Builds the images of the lab that are not there yet for this version of the checkout. */
async function buildLab(
  services: readonly string[],
  project: ComposeProject,
  compose: readonly string[],
  { print, stop }: RunProject,
): Promise<void> {
  const missing: string[] = [];
  for (const name of services) {
    const image = project.services[name]?.image ?? '';
    const found = await docker(['image', 'ls', '-q', image], stop);
    if (found.trim() === '') missing.push(name);
  }
  if (missing.length === 0) return;
  print(`Building ${pluralize(missing.length, 'image')} of Encore, once for this version`);
  await docker([...compose, 'build', ...missing], stop);
}

/** The memory limit of a service of the user's project. */
function limitOf(service: string, { project, renamed }: PreparedRun['generated']): string | undefined {
  return project.services[ownValue(renamed, service) ?? service]?.labels?.[labels.memory];
}

/** Writes what the containers of the lab read; returns the folder. */
async function writeInput(
  { prepared: { workload }, config }: RunProject,
  folder: string,
  system: PreparedRun['system'],
): Promise<string> {
  await copyWorkload(workload, folder);
  await writeFile(join(folder, systemFile), JSON.stringify(system, null, 2));
  await writeFile(join(folder, settingsFile), JSON.stringify(config, null, 2));
  return folder;
}

/** The addresses of the ports that the user's project publishes. */
async function publishedLines(
  { generated: { published } }: PreparedRun,
  { name }: ComposeProject,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { port, original, service } of published) {
    const [, inner = ''] = /:(\d+)\/tcp$/.exec(port) ?? [];
    if (inner === '') continue;
    const address = await docker(['compose', '-p', name, 'port', service, inner], signal).catch(() => '');
    if (address.trim() !== '') lines.push(`  ${port} is on ${address.trim()} (yours: ${original})`);
  }
  return lines;
}

/**
 * Copies the results to the folder next to encore.yaml and returns the verdict; null if there is no
 * report. If the judge failed, the results are only the evidence.
 */
async function copyReport(container: string, { prepared, keep, print }: RunProject): Promise<Result | null> {
  try {
    return await copyResults(container, join(runsPath, resultsFolder), join(prepared.folder, resultsFolder));
  } catch (error) {
    const next = keep
      ? `What the orchestrator recorded is in the container ${container}, in ${runsPath}`
      : 'The files that the orchestrator recorded are removed with the containers; with --keep they stay';
    print(`No report could be copied: ${describeError(error)}\n${next}.`);
    return null;
  }
}

async function remove(runId: string, { print, command }: RunProject): Promise<void> {
  try {
    print(`Removed: ${(await takeDown(runId)).join(', ') || 'nothing'}`);
  } catch (error) {
    print(`Not everything could be removed: ${describeError(error)}\nTo try again: ${command} revert`);
  }
}
