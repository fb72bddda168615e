/** Extracts metric names and label selectors from a PromQL expression, without a parser. */

export interface Selector {
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
  /** The window, `5m` in `[5m]`, or null. */
  window: string | null;
  /** The function directly around it, such as `rate`. */
  inside: string | null;
}

const operators = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** Replaces Grafana's variables by values that Prometheus accepts. */
export function withoutVariables(expr: string, rangeSeconds: number): string {
  return expr
    .replaceAll('$__rate_interval', '20s')
    .replaceAll('$__interval', '5s')
    .replaceAll('$__range_s', String(Math.ceil(rangeSeconds)))
    .replaceAll('$__range', `${Math.ceil(rangeSeconds)}s`);
}

/**
 * Recognises counters by Prometheus' naming; PostgreSQL's exporter names its metrics after
 * PostgreSQL's columns.
 */
export function isCounter(metric: string): boolean {
  if (/^pg_(locks|stat_activity)_count$/.test(metric)) return false;
  return /_(total|count|sum|bucket)$|^pg_stat_database_(xact_|blks_|tup_|deadlocks)/.test(metric);
}

/** The query of a variable as an expression that has data only if the variable has values. */
export function seriesOfVariable(query: string): string {
  const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
  if (metric === '') throw new Error(`not label_values(metric, label): ${query}`);
  return `${metric}{${label}!=""}`;
}

/** For expressions whose label values contain no braces. */
export function selectorsOf(expr: string): Selector[] {
  // Labels of a grouping are not metrics.
  const text = expr.replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const pattern = /(?:(\w+)\s*\(\s*)?(?<![\w:"$])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])(\{[^}]*\})?(?:\[([^\]]+)\])?/g;
  const found: Selector[] = [];
  for (const [, inside = null, metric = '', braces = '', window = null] of text.matchAll(pattern)) {
    if (operators.has(metric)) continue;
    const matchers = [...braces.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    );
    found.push({ metric, matchers, window, inside });
  }
  return found;
}
