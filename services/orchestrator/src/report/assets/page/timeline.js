/* The timeline: four charts that share their time axis, zoom and fault bands. */
const { titles, groupOf } = JSON.parse(byId('fault-groups').textContent);
const hint = matchMedia('(pointer: coarse)').matches
  ? 'Tap a fault in the table below to show it here.'
  : 'Drag to zoom, double-click for the whole run. Keys: arrows move, + and − zoom.';
let series = JSON.parse(byId('series').textContent);
let charts = [];
let zoomed = false;

/* Draws the fault bands under the lines: strong for the fault, faint until back to normal. */
function drawBands(u) {
  const { ctx, bbox } = u;
  const { min, max } = u.scales.x;
  ctx.save();
  for (const fault of series.faults) {
    if (fault.windowTo < min || fault.from > max) continue;
    ctx.fillStyle = css(`--${groupOf[fault.kind]}`);
    const x = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(at, 'x', true)));
    const [from, to, windowTo] = [x(fault.from), x(fault.to), x(fault.windowTo)];
    // Draw a band below one pixel fainter, so that many faults do not hide the lines; keep kills
    // visible.
    const width = Math.max(groupOf[fault.kind] === 'kill' ? 1.5 : 0.01, to - from);
    ctx.globalAlpha = 0.22 * Math.min(1, width);
    ctx.fillRect(from, bbox.top, Math.max(1, width), bbox.height);
    if (windowTo - to < 1) continue;
    ctx.globalAlpha = 0.07;
    ctx.fillRect(to, bbox.top, windowTo - to, bbox.height);
  }
  ctx.restore();
}

function draw() {
  for (const chart of charts) chart.destroy();
  charts = [];
  if (series.at.length === 0) {
    byId('readout').textContent = 'No load was observed.';
    return;
  }
  const sync = uPlot.sync('encore');
  const all = definitions().filter(({ data }) => data.length > 0);
  all.forEach((definition, index) => {
    const holder = byId(`chart-${definition.id}`);
    const last = index === all.length - 1;
    const axis = {
      stroke: css('--quiet'),
      grid: { stroke: css('--grid'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    byId(`legend-${definition.id}`).innerHTML = definition.lines
      .map(({ label, stroke }) => `<span><i style="background:${stroke}"></i>${label.replace(/[<&]/g, '')}</span>`)
      .join('');
    charts.push(
      new uPlot(
        {
          width: holder.clientWidth,
          height: last ? 136 : 116,
          // Space for half of the last time label.
          padding: [8, 28, last ? 0 : 8, 0],
          legend: { show: false },
          cursor: {
            sync: { key: sync.key, setSeries: false },
            y: false,
            drag: { x: true, y: false, setScale: true },
            points: { size: 6 },
          },
          tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), 'Etc/UTC'),
          scales: {
            x: { time: true },
            y: definition.log
              ? { distr: 3, range: logRange }
              : { range: (u, low, high) => definition.range(low ?? 0, high ?? 1) },
          },
          axes: [
            { ...axis, ...timeAxis, show: last },
            { ...axis, ...valueAxis(definition, axis) },
          ],
          series: [{}, ...definition.lines],
          hooks: { drawClear: [drawBands], setScale: [follow], setCursor: [showReadout] },
        },
        [series.at, ...definition.data],
        holder,
      ),
    );
  });
  byId('readout').textContent = hint;
  showBands();
}

/* Applies the zoom of one chart to all. */
let following = false;
function follow(u, key) {
  if (key !== 'x' || following || charts.length === 0) return;
  following = true;
  const { min, max } = u.scales.x;
  for (const chart of charts) if (chart !== u) chart.setScale('x', { min, max });
  following = false;
  zoomed = min > series.at[0] + 1e-6 || max < series.at[series.at.length - 1] - 1e-6;
  byId('zoom-out').hidden = !zoomed;
}

function showReadout(u) {
  const { idx } = u.cursor;
  if (u !== charts[0] && document.activeElement !== byId('timeline') && !u.root.matches(':hover')) return;
  const readout = byId('readout');
  if (idx == null) {
    readout.textContent = hint;
    return;
  }
  const at = series.at[idx];
  const here = series.faults
    .filter((fault) => fault.from <= at + series.stepSeconds && fault.windowTo >= at)
    .map((fault) => `${fault.id} ${fault.kind} of ${fault.target}`);
  const success = series.success[idx];
  const parts = [
    `<b>${clock(at)}</b>`,
    `${number(series.okPerSecond[idx], 1)}/s succeeded`,
    `${number(series.badPerSecond[idx], 1)}/s failed`,
    `success <b>${success == null ? '–' : `${number(success * 100, 1)} %`}</b>`,
    `p50 ${ms(series.p50Ms[idx])}`,
    `p99 ${ms(series.p99Ms[idx])}`,
  ];
  const memory = series.memoryBytes[series.recoveryOf];
  if (memory) parts.push(`${series.recoveryOf.replace(/[<&]/g, '')} ${bytes(memory[idx])}`);
  readout.innerHTML = `${parts.join(' · ')}${here.length === 0 ? '' : ` · <b>${here.slice(0, 3).join(', ')}</b>`}`;
}

function showBands() {
  const counts = {};
  for (const { kind } of series.faults) counts[groupOf[kind]] = (counts[groupOf[kind]] ?? 0) + 1;
  byId('bands').innerHTML = Object.keys(titles)
    .filter((name) => counts[name])
    .map(
      (name) =>
        `<span class="chip"><i class="swatch" style="background:var(--${name});opacity:.55"></i>${titles[name]} (${counts[name]})</span>`,
    )
    .join('');
}

function setWindow(min, max) {
  const first = series.at[0];
  const last = series.at[series.at.length - 1];
  const minimum = Math.max(4, series.stepSeconds * 4);
  const width = Math.min(last - first, Math.max(minimum, max - min));
  const from = Math.min(Math.max(first, min), last - width);
  charts[0]?.setScale('x', { min: from, max: from + width });
}

function zoom(factor) {
  const [u] = charts;
  if (!u) return;
  const { min, max } = u.scales.x;
  const middle = u.cursor.idx == null ? (min + max) / 2 : series.at[u.cursor.idx];
  setWindow(middle - (middle - min) * factor, middle + (max - middle) * factor);
}

function move(steps) {
  const [u] = charts;
  if (!u) return;
  const { min, max } = u.scales.x;
  const shown = series.at.findIndex((at) => at >= min);
  const idx = Math.min(series.at.length - 1, Math.max(0, (u.cursor.idx ?? shown) + steps));
  const at = series.at[idx];
  if (at < min || at > max) setWindow(min + at - (at < min ? min : max), max + at - (at < min ? min : max));
  u.setCursor({ left: u.valToPos(at, 'x'), top: 10 }, true);
}

const wholeRun = () => setWindow(series.at[0], series.at[series.at.length - 1]);

byId('timeline').addEventListener('keydown', (event) => {
  const step = event.shiftKey ? 10 : 1;
  const actions = {
    ArrowLeft: () => move(-step),
    ArrowRight: () => move(step),
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    Escape: wholeRun,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
byId('zoom-out').addEventListener('click', wholeRun);

document.addEventListener('click', (event) => {
  const id = event.target.closest?.('[data-jump]')?.dataset.jump;
  const fault = series.faults.find((one) => one.id === id);
  if (!fault) return;
  const margin = Math.max(15, (fault.windowTo - fault.from) * 0.8);
  setWindow(fault.from - margin, fault.windowTo + margin);
  byId('timeline').focus({ preventScroll: true });
  byId('timeline-section').scrollIntoView({ block: 'start' });
});

let pendingFrame = 0;
const redrawSoon = () => {
  cancelAnimationFrame(pendingFrame);
  pendingFrame = requestAnimationFrame(() => {
    const kept = zoomed ? { ...charts[0].scales.x } : null;
    draw();
    if (kept) setWindow(kept.min, kept.max);
  });
};
let width = innerWidth;
addEventListener('resize', () => {
  if (width === innerWidth) return;
  width = innerWidth;
  redrawSoon();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawSoon);
