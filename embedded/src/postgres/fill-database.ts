/**
 * Creates a database in a PostgreSQL that is not running yet, and executes an SQL file in it. Uses
 * PostgreSQL's single-user mode, because the package has no psql.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EncoreError } from '@encore/kit';
import type { Database } from './database.ts';

const timeoutMs = 60_000;

/** Throws NO_DATABASE with PostgreSQL's errors. `sqlName` names the SQL for messages. */
export async function fillDatabase(
  server: Database,
  { database, sql, sqlName }: { database: string; sql: string; sqlName: string },
): Promise<void> {
  if (database !== 'postgres') await execute(server, 'postgres', `CREATE DATABASE "${database}"`, 'its database');
  if (sql.trim() !== '') await execute(server, database, sql, sqlName);
}

async function execute({ command, env, user }: Database, database: string, sql: string, what: string): Promise<void> {
  const [program = '', ...settings] = command;
  // -j: a command ends at a semicolon and an empty line, instead of at each line.
  const running = promisify(execFile)(program, ['--single', ...settings, '-j', database], {
    cwd: '/',
    env,
    timeout: timeoutMs,
    ...user,
  });
  running.child.stdin?.on('error', () => {});
  running.child.stdin?.end(`${sql}\n;\n\n`);
  const { failed, stderr } = await running.then(
    (done) => ({ failed: false, stderr: done.stderr }),
    (error: { stderr?: string }) => ({ failed: true, stderr: error.stderr ?? '' }),
  );
  // An error in a command does not change the exit code.
  const errors = stderr.split('\n').filter((line) => /\b(ERROR|FATAL|PANIC):/.test(line));
  if (failed || errors.length > 0)
    throw new EncoreError('NO_DATABASE', `PostgreSQL could not execute ${what}: ${errors.join(' ') || stderr.trim()}`);
}
