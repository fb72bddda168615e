/** Describes a container of the process engine: one program, its environment, limits and labels. */
export interface ContainerSpec {
  readonly name: string;
  /** Source of the program as free text; the API shows it as the image. */
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** User to run as; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceMs: number;
  readonly restart: RestartPolicyText;
  /**
   * 0 for no limit. Enforced only where control groups are writable; see `limit-group.ts`.
   */
  readonly limits?: { readonly memoryBytes: number; readonly cpus: number };
  readonly logFile: string;
}

/** As in a Compose file. */
export type RestartPolicyText = 'always' | 'on-failure' | `on-failure:${number}` | 'no';
