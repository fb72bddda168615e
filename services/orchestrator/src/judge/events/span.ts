/** A time span in epoch milliseconds. */
export interface Span {
  fromAt: number;
  toAt: number;
}

/** Merges overlapping and adjacent spans; the result is sorted. */
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

/** The parts of `whole` outside all `holes`. */
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

/** Seconds of `whole` that `spans` cover; overlapping spans count once. */
export function secondsWithin(whole: Span, spans: readonly Span[]): number {
  let totalMs = 0;
  for (const span of union(spans)) {
    totalMs += Math.max(0, Math.min(span.toAt, whole.toAt) - Math.max(span.fromAt, whole.fromAt));
  }
  return totalMs / 1_000;
}
