/**
 * Runs a program and measures the CPU time of it and its children, which does not depend on other
 * load.
 */
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';

const marker = 'CPU seconds';

export async function runTimed(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult & { cpuSeconds: number }> {
  const script = `TIMEFORMAT='${marker} %U %S'; time "$@"`;
  const run = await runCommand('bash', ['-c', script, 'bash', file, ...args], options);
  const [, user, system] = new RegExp(`${marker} (\\S+) (\\S+)\\n$`).exec(run.stderr) ?? [];
  return { ...run, cpuSeconds: Number(user) + Number(system) };
}
