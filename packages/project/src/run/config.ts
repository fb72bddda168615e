/** Reads the environment of a run; no other module of this package does. */

/** Variables of Compose would add the user's own files, profiles or project to the run's. */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COMPOSE_')));
}

/** Where the engine has its socket, as its own host sees it. */
export function engineSocket(): string {
  const host = /^unix:\/\/(.+)/.exec(process.env['DOCKER_HOST'] ?? '')?.[1];
  return process.env['ENCORE_DOCKER_SOCKET'] || host || '/var/run/docker.sock';
}

/** The kind of terminal, for the live display; undefined if there is none. */
export function terminalType(): string | undefined {
  return process.env['TERM'] || undefined;
}
