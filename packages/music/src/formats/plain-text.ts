/**
 * Collapses white space and control characters, limits the length, and returns well-formed Unicode.
 */
export function plainText(text: string): string {
  const collapsed = text
    .slice(0, 4096)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return collapsed.slice(0, 1024).trim().toWellFormed();
}
