/** Section with the machine, the server process and its active requests, on the live page only. */
import type { Snapshot } from '../../progress/run-view.ts';
import { systemFacts } from '../../progress/system-facts.ts';
import { thousands } from '../../text.ts';
import { type Html, html } from '../html.ts';
import { facts } from '../table.ts';

export function systemSection(state: Snapshot): Html {
  const { active, queued } = state.detail?.requests ?? { active: null, queued: null };
  return html`<h2>System metrics</h2>
${facts([
  ...systemFacts(state),
  ['Active requests', active === null ? '–' : `${thousands(active)}, ${thousands(queued ?? 0)} waiting`],
  ['Requests', `${thousands(state.requests.all)}, ${thousands(state.requests.failed)} failed`],
])}`;
}
