/* Definitions of the four timeline charts, and their axes. */
const axisWidth = 62;
const line = (label, color, more = {}) => ({
  label,
  stroke: css(color),
  width: 1.5,
  points: { show: false },
  spanGaps: false,
  ...more,
});
const steps = uPlot.paths.stepped({ align: 1 });
const area = (label, color) => line(label, color, { paths: steps, fill: `${css(color)}2e` });

function definitions() {
  const sampled = Object.keys(series.memoryBytes);
  /* Only the system under test; the table of resources has the lab's own services. */
  const targets = series.containers.filter((name) => sampled.includes(name));
  const names = targets.length > 0 ? targets : sampled.slice(0, 5);
  const colors = ['--m0', '--m1', '--m2', '--m3', '--m4'];
  const memory = names.map((name, index) => line(name, colors[index % colors.length]));
  const limit = series.memoryLimitBytes[series.recoveryOf];
  const limitLine = limit
    ? [line(`memory limit of ${series.recoveryOf}`, '--quiet', { dash: [4, 5], width: 1, paths: steps })]
    : [];
  return [
    {
      id: 'rate',
      data: [series.okPerSecond, series.badPerSecond],
      lines: [area('succeeded', '--rate'), area('failed', '--bad')],
      range: (low, high) => [0, Math.max(1, high * 1.1)],
      format: (value) => number(value),
    },
    {
      id: 'success',
      data: [series.success.map((value) => (value == null ? null : value * 100))],
      lines: [area('operations', '--ok')],
      // Slightly above 100 %, so that a line at the top is not clipped.
      range: (low) => (low > 90 ? [90, 100.4] : [0, 104]),
      format: (value) => `${number(value)} %`,
    },
    {
      id: 'latency',
      data: [series.p50Ms, series.p99Ms],
      lines: [line('p50', '--p50'), line('p99', '--p99')],
      log: true,
      format: ms,
    },
    {
      id: 'memory',
      data: [...names.map((name) => series.memoryBytes[name]), ...(limit ? [limit] : [])],
      lines: [...memory, ...limitLine],
      range: (low, high) => [0, high * 1.1],
      format: bytes,
      incrs: Array.from({ length: 24 }, (_, power) => 2 ** (power + 20)),
    },
  ];
}

const timeAxis = {
  size: 30,
  space: 70,
  values: [
    [3600, '{HH}:{mm}', null, null, null, null, null, null, 1],
    [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
  ],
};

/* A logarithmic axis shows only powers of ten. */
function valueAxis(definition, axis) {
  const powers = (u, ticks) =>
    ticks.map((tick) => (Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6) ? tick : null));
  return {
    size: axisWidth,
    space: 26,
    values: (u, ticks) => ticks.map((tick) => (tick == null ? '' : definition.format(tick))),
    ...(definition.incrs ? { incrs: definition.incrs } : {}),
    ...(definition.log ? { filter: powers, grid: { ...axis.grid, filter: powers } } : {}),
  };
}

function logRange(u, low, high) {
  const bottom = 10 ** Math.floor(Math.log10(Math.max(0.1, low ?? 1)));
  return [bottom, Math.max(bottom * 10, 10 ** Math.ceil(Math.log10(Math.max(1, high ?? 10) + 1e-9)))];
}
