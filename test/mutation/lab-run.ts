/**
 * One run of the embedded lab, as ./encore makes it, with or without a seeded bug; returns the
 * report.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';
import { startBundledLab } from '../../embedded/src/bundled-lab.ts';
import { readHostEnvironment } from '../../embedded/src/config.ts';
import { root } from '../support/command.ts';

export interface LabRun {
  settings: object;
  seed: number;
  serverConfig?: object | undefined;
  /** Folder for the report, the settings and the orchestrator's output. */
  folder: string;
  /** Environment of every program of the lab. */
  seeding: Record<string, string>;
  signal: AbortSignal;
}

/** Runs to the end; an interrupted run has a report as well. */
export async function runLab({ settings, seed, serverConfig, folder, seeding, signal }: LabRun): Promise<Report> {
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ ...settings, monitor: false }));
  const environment = readHostEnvironment(process.env);
  const host = { ...environment, serverConfig: await writeServerConfig(folder, serverConfig) };
  await using lab = await startBundledLab(
    { root, results: folder, host: { ...host, base: { ...host.base, ...seeding } } },
    signal,
  );
  const orchestrator = join(root, 'services', 'orchestrator', 'src', 'main.ts');
  const output = openSync(join(folder, 'output.txt'), 'w');
  const child = spawn(process.execPath, [orchestrator, '--config', config, '--seed', String(seed)], {
    env: { ...host.base, ...seeding, ...lab.env },
    stdio: ['ignore', output, output],
    detached: true,
  });
  if (child.pid !== undefined) lab.reaper.watch(-child.pid);
  const interrupt = () => child.kill('SIGINT');
  signal.addEventListener('abort', interrupt);
  try {
    await once(child, 'exit');
  } finally {
    signal.removeEventListener('abort', interrupt);
    if (child.pid !== undefined) lab.reaper.forget(-child.pid);
  }
  return readReport(folder);
}

async function writeServerConfig(folder: string, serverConfig: object | undefined): Promise<string | undefined> {
  if (serverConfig === undefined) return undefined;
  const path = join(folder, 'server_config.json');
  await writeFile(path, JSON.stringify(serverConfig));
  return path;
}

function readReport(folder: string): Report {
  const name = readdirSync(folder).find((file) => /^production_test_.*\.json$/.test(file));
  if (name === undefined) {
    throw new Error(`the run left no report in ${folder}:\n${readFileSync(join(folder, 'output.txt'), 'utf8')}`);
  }
  return reportSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
}
