/** Faults: kinds (from kinds/kind-table.ts), names of targets, parameters and planned faults. */
import { z } from 'zod';
import type { Behaviour, Kind, Need } from './kinds/kind.ts';
import { kindTable } from './kinds/kind-table.ts';

export type FaultKind = keyof typeof kindTable;
const [firstKind, ...otherKinds] = Object.keys(kindTable) as [FaultKind, ...FaultKind[]];
export const faultKinds = [firstKind, ...otherKinds] as const;
export const faultKindSchema = z.enum(faultKinds);

const name = '[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}';
/** Name of a container of the system description, such as `server`. */
export const containerNameSchema = z
  .string()
  .regex(new RegExp(`^${name}$`))
  .describe('the name of a container, without a port');
/** Name of a proxy: the container and the port that it leads to, such as `server:8000`. */
export const proxyNameSchema = z
  .string()
  .regex(new RegExp(`^${name}:[0-9]{1,5}$`))
  .describe('the name of a proxy, as service:port');
/** What a fault acts on. The system description names the targets that exist. */
export const targetSchema = z
  .string()
  .regex(new RegExp(`^${name}(:[0-9]{1,5}|#[1-9][0-9]?)?$`))
  .describe('the name of a container, of one of its replicas or of a proxy, such as api, api#1 or api:8000');
export type Target = z.infer<typeof targetSchema>;

/** Parameters of a kind, with all defaults. */
export type ParamsOf<Name extends FaultKind> = z.output<(typeof kindTable)[Name]['params']>;
type Together<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
type EveryParam = Together<{ [Name in FaultKind]: ParamsOf<Name> }[FaultKind] extends infer One ? NoIndex<One> : never>;
/** Without the index signature of a kind that has no parameters. */
type NoIndex<One> = One extends unknown
  ? { [Name in keyof One as string extends Name ? never : Name]: One[Name] }
  : never;
/** Parameters of any kind. */
export type FaultParams = { [Name in keyof EveryParam]?: EveryParam[Name] | undefined };

/** The parameters of one kind: refuses those of other kinds and adds the defaults. */
export const paramsSchema = (kind: FaultKind): z.ZodType<FaultParams> =>
  kindTable[kind].params as z.ZodType<FaultParams>;

/** Parameters beside the name of their kind; the writer has checked them. */
export const anyParamsSchema = z.record(z.string(), z.union([z.number(), z.string()])) as z.ZodType<FaultParams>;

/** The kind's entry of the fault table. */
export const kindOf = (kind: FaultKind): Kind => kindTable[kind] as Kind;

/** Kinds that are impossible, each with the reason. */
export type KindReasons = Partial<Record<FaultKind, string>>;

/** The kinds that need what is missing, each with the reason for the first such need. */
export function unsupportedOn(actsOn: Kind['actsOn'], missing: Partial<Record<Need, string>>): KindReasons {
  const reasons: KindReasons = {};
  for (const kind of faultKinds.filter((name) => kindOf(name).actsOn === actsOn)) {
    const [reason] = (kindOf(kind).needs ?? []).flatMap((need) => missing[need] ?? []);
    if (reason !== undefined) reasons[kind] = reason;
  }
  return reasons;
}

/** Every parameter has a default. */
const defaultParams = new Map(faultKinds.map((kind) => [kind, paramsSchema(kind).parse({})]));

/** How a fault with these parameters is planned, guarded and judged. */
export function behaviourOf({ kind, params }: { kind: FaultKind; params: FaultParams }): Behaviour {
  const { behaviour } = kindOf(kind);
  return typeof behaviour === 'function' ? behaviour({ ...defaultParams.get(kind), ...params }) : behaviour;
}

/** An instant fault leaves nothing to revert: the system itself must recover from it. */
export const isInstant = (fault: { kind: FaultKind; params: FaultParams }): boolean =>
  behaviourOf(fault).holdSeconds === null;

/** Ends the target's process at once, and the recovery time runs from then. */
export const isKill = (fault: { kind: FaultKind; params: FaultParams }): boolean => behaviourOf(fault).clock === 'kill';

/** One schema per kind, chosen by `kind`. */
export function byKind<Shape extends z.ZodRawShape>(shapeOf: (params: z.ZodType<FaultParams>) => Shape) {
  const schemaOf = (kind: FaultKind) => z.strictObject({ kind: z.literal(kind), ...shapeOf(paramsSchema(kind)) });
  return z.discriminatedUnion('kind', [schemaOf(firstKind), ...otherKinds.map(schemaOf)]);
}

/** Accepts what the schema accepts, and leaves it as it is: a plan's hash covers its bytes. */
const unchanged = (schema: z.ZodType<FaultParams>): z.ZodType<FaultParams> =>
  anyParamsSchema.superRefine((given, { addIssue }) => {
    for (const { path, message } of schema.safeParse(given).error?.issues ?? [])
      addIssue({ code: 'custom', path, message });
  });

/** A fault of a plan. Times are in seconds from the start of the steady phase. */
export const plannedFaultSchema = byKind((params) => ({
  id: z.string().regex(/^f[0-9]{4,}$/),
  target: targetSchema,
  atSeconds: z.number().min(0),
  /** How long the fault is active; 0 for an instant fault such as a crash. */
  durationSeconds: z.number().min(0),
  params: unchanged(params),
  /** Every step runs except the injection itself (the control run with no-op faults). */
  noop: z.boolean().optional(),
}));
export interface PlannedFault extends z.infer<typeof plannedFaultSchema> {}

/** What an independent observation showed of the effect. */
export const effectSchema = z.enum(['confirmed', 'absent', 'refused', 'unsupported']);
export type Effect = z.infer<typeof effectSchema>;

/** What ended a fault's effect. `external`: not Encore or the system. `none`: it did not end. */
export const recoveredBySchema = z.enum(['restart-policy', 'supervisor', 'revert', 'self', 'external', 'none']);
export type RecoveredBy = z.infer<typeof recoveredBySchema>;
