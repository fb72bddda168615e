/** A name as people read it: white space and control characters collapsed, of bounded length, surely well-formed. */
export function plainText(text: string): string {
  const collapsed = text
    .slice(0, 4096)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return collapsed.slice(0, 1024).trim().toWellFormed();
}
