/** A stretch of time in epoch milliseconds, and the little arithmetic that windows need. */
export interface Span {
  fromAt: number;
  toAt: number;
}

/** The same time as sorted spans that do not touch each other. */
export function union(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromAt - b.fromAt)) {
    if (span.toAt <= span.fromAt) continue;
    const last = result.at(-1);
    if (last !== undefined && span.fromAt <= last.toAt) last.toAt = Math.max(last.toAt, span.toAt);
    else result.push({ ...span });
  }
  return result;
}

/** What is left of `whole` when `holes` are cut out of it. */
export function without(whole: Span, holes: readonly Span[]): Span[] {
  const result: Span[] = [];
  let fromAt = whole.fromAt;
  for (const hole of union(holes)) {
    if (hole.toAt <= fromAt) continue;
    if (hole.fromAt >= whole.toAt) break;
    if (hole.fromAt > fromAt) result.push({ fromAt, toAt: hole.fromAt });
    fromAt = hole.toAt;
  }
  if (fromAt < whole.toAt) result.push({ fromAt, toAt: whole.toAt });
  return result;
}

/** Seconds of `spans` that lie within `whole`; time that several spans share counts once. */
export function secondsWithin(whole: Span, spans: readonly Span[]): number {
  let totalMs = 0;
  for (const span of union(spans)) {
    totalMs += Math.max(0, Math.min(span.toAt, whole.toAt) - Math.max(span.fromAt, whole.fromAt));
  }
  return totalMs / 1_000;
}
