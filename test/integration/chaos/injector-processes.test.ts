/**
 * The chaos service on the process engine and the embedded proxy. Limits need a writable control
 * group, which some machines lack.
 */
import { openLimitGroup } from '../../../embedded/src/engine/open-limit-group.ts';
import { injectorSuite } from './injector-suite.ts';
import { startProcessToyLab } from './process-toy-lab.ts';

function limitsWork(): boolean {
  const group = openLimitGroup(process.pid, 'probe');
  group?.remove();
  return group !== null;
}

injectorSuite('processes', startProcessToyLab, { docker: false, memory: limitsWork });
