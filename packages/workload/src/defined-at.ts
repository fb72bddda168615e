/** Where a function is defined that was compiled from another language, as a line of a stack. */
const definedAt = Symbol('definedAt');

export function setPlace(code: object, frame: string): void {
  Object.defineProperty(code, definedAt, { value: frame });
}

/** Null for a function of a module, whose place the engine knows. */
export function placeSetOf(code: object): string | null {
  const frame: unknown = Reflect.get(code, definedAt);
  return typeof frame === 'string' ? frame : null;
}
