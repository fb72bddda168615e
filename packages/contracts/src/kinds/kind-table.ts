/**
 * The fault table: everything about a kind of fault except how it is carried out. A kind is one
 * entry in the file of its group and one file of functions in services/chaos/src/injector/faults;
 * schemas, planning, verdict, report and docs/FAULTS.md follow from the entry.
 * docs/CREATING_FAULTS.md is the guide.
 */
import { kills } from './kills.ts';
import { load } from './load.ts';
import { network } from './network.ts';
import { resources } from './resources.ts';

export const kindTable = { ...kills, ...resources, ...network, ...load } as const;
