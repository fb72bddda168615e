/** Finds the setting of a YAML or JSON document that a problem is about. */
import { type Document, isAlias, isMap, isNode, isSeq } from 'yaml';

/**
 * `problem` begins with the path of the setting, such as `schedule[0].faults: is missing`. Returns
 * the offset of the deepest part of the path that the document has; null if it has none.
 */
export function offsetOf(document: Document, problem: string): number | null {
  let node: unknown = document.contents;
  let rest = problem;
  let offset: number | null = null;
  for (;;) {
    if (isAlias(node)) node = node.resolve(document);
    const found = isMap(node)
      ? node.items.flatMap(({ key, value }) => partOf(rest, String(key), key, value)).at(0)
      : isSeq(node)
        ? node.items.flatMap((item, index) => partOf(rest, `[${index}]`, item, item)).at(0)
        : undefined;
    if (found === undefined) return offset;
    if (isNode(found.named) && found.named.range) [offset] = found.named.range;
    [node, rest] = [found.value, found.rest];
  }
}

/** A part of a path ends before a dot, an index, or the colon at the end of the path. */
function partOf(path: string, part: string, named: unknown, value: unknown) {
  const end = path.startsWith(part) ? /^(?:\.|(?=\[|: ))/.exec(path.slice(part.length)) : null;
  return end === null ? [] : [{ named, value, rest: path.slice(part.length + end[0].length) }];
}
