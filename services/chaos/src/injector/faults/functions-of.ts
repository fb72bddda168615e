/** Finds the functions of a kind. A kind of the fault table without functions does not compile. */
import type { FaultKind, ParamsOf } from '@encore/contracts';
import type { FaultFunctions } from '../fault-functions.ts';
import * as byKind from './functions-by-kind.ts';

type Complete = { [Kind in FaultKind]: FaultFunctions<ParamsOf<Kind>> };

export const functionsOf: Readonly<Record<FaultKind, FaultFunctions>> = { ...byKind } satisfies Complete;
