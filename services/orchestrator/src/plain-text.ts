/** Escapes control characters: text from a file must not be able to control the terminal. */
export function plainText(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}
