/** Templates in Liquid. A string that is nothing but one template keeps the type of its value. */
import { Liquid, type Template } from 'liquidjs';
import type { Json } from './workload-schema.ts';

export type Scope = Record<string, unknown>;

// A name that does not exist is a mistake, not an empty string. Templates cannot include files.
const liquid = new Liquid({ strictVariables: true, strictFilters: true, templates: {} });
/** Parsed once: each operation renders the same strings of the workload. */
const parsed = new Map<string, Template[]>();
const onlyTemplate = /^\{\{-?\s*((?:(?!\}\}).)*?)\s*-?\}\}$/;

export function render(text: string, scope: Scope): string {
  if (!text.includes('{')) return text;
  const template = parsed.get(text) ?? liquid.parse(text);
  parsed.set(text, template);
  return String(liquid.renderSync(template, scope));
}

/** Renders every string in a JSON value. */
export function renderJson(value: Json, scope: Scope): Json {
  if (typeof value === 'string') {
    const [, expression] = onlyTemplate.exec(value) ?? [];
    return expression === undefined ? render(value, scope) : (liquid.evalValueSync(expression, scope) as Json);
  }
  if (Array.isArray(value)) return value.map((item) => renderJson(item, scope));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, renderJson(item, scope)]));
}

/** Returns what is wrong with a template if only these names exist, such as `object.id`. */
export function templateProblem(text: string, names: ReadonlySet<string>): string | null {
  try {
    const unknown = liquid
      .globalVariableSegmentsSync(text)
      .map(([name, member]) => (names.has(String(name)) || member === undefined ? `${name}` : `${name}.${member}`))
      .filter((name) => !names.has(name));
    if (unknown.length === 0) return null;
    return `unknown name ${unknown.join(', ')}; known here: ${[...names].join(', ') || 'none'}`;
  } catch (error) {
    return `not a template: ${error instanceof Error ? error.message : String(error)}`;
  }
}
