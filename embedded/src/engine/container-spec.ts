/** What a container of the process engine is: one program, its environment, its limits, and who may harm it. */
export interface ContainerSpec {
  readonly name: string;
  /** Where the program comes from, in words; the API shows it as the image. */
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Runs as this user; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceMs: number;
  readonly restart: RestartPolicyName;
  /** Enforced only where the system lets us; see `limit-group.ts`. */
  readonly limits?: { readonly memoryBytes: number; readonly cpus: number };
  readonly logFile: string;
}

export type RestartPolicyName = 'always' | 'on-failure' | 'no';
