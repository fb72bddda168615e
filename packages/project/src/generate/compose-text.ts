/** Writes a generated project as the text of a Compose file. */
import { stringify } from 'yaml';
import type { ComposeProject } from '../compose/compose-model.ts';

/** Sorts all names, so that equal projects have equal bytes whatever Compose's order is. */
export function composeText(project: ComposeProject, comments: readonly string[] = []): string {
  const header = comments.map((line) => `# ${line}`.trimEnd()).join('\n');
  const filled = Object.fromEntries(
    Object.entries(project).filter(([, value]) => typeof value !== 'object' || Object.keys(value ?? {}).length > 0),
  );
  // Compose reads YAML 1.1 in part, so text that 1.1 reads as another type is quoted too. Aliases
  // and folded lines would only make two versions harder to compare.
  const body = stringify(filled, {
    sortMapEntries: true,
    compat: 'yaml-1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return header === '' ? body : `${header}\n\n${body}`;
}
