/** Runs a program and measures the CPU time that it and its children take: on a busy machine the only time that is its own. */
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
