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

/** What the monitor needs to know of the terminal, as options of `docker compose run`. */
export function terminalOptions(env: NodeJS.ProcessEnv = process.env): string[] {
  return ['TERM', 'NO_COLOR', 'FORCE_COLOR'].flatMap((name) => (env[name] ? ['-e', `${name}=${env[name]}`] : []));
}
