/** Limits of what a YAML parser can follow: the nesting, and how often an anchor is used. */

/** The limit that an error of the parser or of the conversion is about; null for other errors. */
export function exceededLimit({ message }: { message: string }): 'nesting' | 'aliases' | null {
  if (message.includes('call stack')) return 'nesting';
  return message.includes('alias count') ? 'aliases' : null;
}

const problems = {
  nesting: 'nested too deeply; reduce the levels',
  aliases: 'uses an anchor too often; write its value out where it is needed',
};

export function yamlLimitProblem(error: { message: string }): string | null {
  const limit = exceededLimit(error);
  return limit === null ? null : problems[limit];
}

/** Converts a parsed YAML document to plain values. `file` names it in messages. */
export function yamlValue(
  document: { toJS(options: { maxAliasCount: number }): unknown },
  file: string,
  maxAliasCount: number,
): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    const problem = error instanceof Error ? yamlLimitProblem(error) : null;
    throw problem === null ? error : new Error(`${file}: ${problem}`);
  }
}
