/** promtool from the image that the lab pins. It sees one folder and no network. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { type CommandResult, root, runCommand } from './command.ts';

/** Runs promtool with `command` in `folder`; it sees the files in `mounted`. */
export function promtool(command: string, folder: string, mounted = folder): Promise<CommandResult> {
  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
    services: { prometheus: { image: string } };
  };
  const { image } = compose.services.prometheus;
  // A temporary folder is accessible to its owner only.
  const user = ['--user', '0:0', '--cap-drop', 'ALL', '--cap-add', 'DAC_READ_SEARCH'];
  const mount = ['-v', `${mounted}:/mounted:ro`, '-w', join('/mounted', relative(mounted, folder))];
  const shell = ['--entrypoint', '/bin/sh', image, '-c', `/bin/promtool ${command}`];
  return runCommand('docker', ['run', '--rm', '--network', 'none', ...user, ...mount, ...shell], { timeoutMs: 60_000 });
}
