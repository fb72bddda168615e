/**
 * Pauses the container as a freeze does. The supervisor must notice and restart it, which the
 * fault table allows; the revert is a safety net.
 */
import { freeze } from './freeze.ts';

export const hang = freeze;
