/** Signs that would steer a terminal, told by their code: what stands in a file was not written by us. */
export function plainText(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}
