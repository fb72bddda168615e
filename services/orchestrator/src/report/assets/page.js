/* The page's only script: draws the timeline, filters the faults, and on a live page takes in updates. */
(() => {
  const byId = (id) => document.getElementById(id);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const groups = {
    kill: { title: 'kills and stops', kinds: ['crash', 'outage', 'restart', 'freeze', 'hang'] },
    network: {
      title: 'network',
      kinds: [
        'latency',
        'jitter',
        'bandwidth',
        'slow-close',
        'slicer',
        'limit-data',
        'timeout',
        'reset-peer',
        'connection-refused',
        'partition',
      ],
    },
    resource: {
      title: 'memory, CPU, disk',
      kinds: ['memory-cap', 'memory-pressure', 'cpu-throttle', 'disk-full', 'tool-stall'],
    },
    database: { title: 'database', kinds: ['database-down', 'database-freeze', 'database-latency'] },
    load: { title: 'load', kinds: ['traffic-surge'] },
  };
  const groupOf = (kind) => Object.keys(groups).find((name) => groups[name].kinds.includes(kind)) ?? 'network';
  const axisWidth = 62;
  const hint = 'Drag to zoom, double-click for the whole run. Keys: arrows move, + and − zoom.';
  let series = JSON.parse(byId('series').textContent);
  let charts = [];
  let zoomed = false;

  const number = (value, digits = 0) =>
    value == null
      ? '–'
      : value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const ms = (value) =>
    value == null
      ? '–'
      : value >= 1000
        ? `${number(value / 1000, value % 1000 === 0 ? 0 : 1)} s`
        : `${number(value, value < 10 && value % 1 !== 0 ? 1 : 0)} ms`;
  const bytes = (value) =>
    value == null ? '–' : value >= 2 ** 30 ? `${number(value / 2 ** 30, 1)} GB` : `${number(value / 2 ** 20)} MB`;
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, 19);

  /* Bands lie under the lines: the window strong, its tail faint. */
  function drawBands(u) {
    const { ctx, bbox } = u;
    const { min, max } = u.scales.x;
    ctx.save();
    for (const fault of series.faults) {
      if (fault.tailTo < min || fault.from > max) continue;
      ctx.fillStyle = css(`--${groupOf(fault.kind)}`);
      const x = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(at, 'x', true)));
      const [from, to, tailTo] = [x(fault.from), x(fault.to), x(fault.tailTo)];
      // A band thinner than a pixel is fainter instead, so that a day of faults does not drown the lines; a kill stays seen.
      const width = Math.max(groupOf(fault.kind) === 'kill' ? 1.5 : 0.01, to - from);
      ctx.globalAlpha = 0.22 * Math.min(1, width);
      ctx.fillRect(from, bbox.top, Math.max(1, width), bbox.height);
      if (tailTo - to < 1) continue;
      ctx.globalAlpha = 0.07;
      ctx.fillRect(to, bbox.top, tailTo - to, bbox.height);
    }
    ctx.restore();
  }

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
    /* The targets; the lab's own services stand in the table of resources. */
    const targets = ['server', 'postgres', 'toxiproxy'].filter((name) => sampled.includes(name));
    const names = targets.length > 0 ? targets : sampled.slice(0, 5);
    const colors = ['--m0', '--m1', '--m2', '--m3', '--m4'];
    const memory = names.map((name, index) => line(name, colors[index % colors.length]));
    const limit = series.memoryLimitBytes.server;
    const serverLimit = limit ? [line('live limit of server', '--quiet', { dash: [4, 5], width: 1, paths: steps })] : [];
    return [
      {
        id: 'rate',
        data: [series.okPerSecond, series.badPerSecond],
        lines: [area('right', '--rate'), area('failed', '--bad')],
        range: (low, high) => [0, Math.max(1, high * 1.1)],
        format: (value) => number(value),
      },
      {
        id: 'success',
        data: [series.success.map((value) => (value == null ? null : value * 100))],
        lines: [area('operations', '--ok')],
        range: (low) => [low > 90 ? 90 : 0, 100],
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
        lines: [...memory, ...serverLimit],
        range: (low, high) => [0, high * 1.1],
        format: bytes,
        incrs: Array.from({ length: 24 }, (_, power) => 2 ** (power + 20)),
      },
    ];
  }

  function draw() {
    for (const chart of charts) chart.destroy();
    charts = [];
    if (series.at.length === 0) {
      byId('readout').textContent = 'No second of load was seen.';
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
            padding: [8, 14, last ? 0 : 8, 0],
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
            hooks: { drawClear: [drawBands], setScale: [follow], setCursor: [tell] },
          },
          [series.at, ...definition.data],
          holder,
        ),
      );
    });
    byId('readout').textContent = hint;
    showBands();
  }

  const timeAxis = {
    size: 30,
    space: 70,
    values: [
      [3600, '{HH}:{mm}', null, null, null, null, null, null, 1],
      [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
    ],
  };

  /* A logarithmic axis shows its powers of ten alone. */
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

  /* A zoom of one chart is a zoom of all. */
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

  function tell(u) {
    const { idx } = u.cursor;
    if (u !== charts[0] && document.activeElement !== byId('timeline') && !u.root.matches(':hover')) return;
    const readout = byId('readout');
    if (idx == null) {
      readout.textContent = hint;
      return;
    }
    const at = series.at[idx];
    const here = series.faults
      .filter((fault) => fault.from <= at + series.stepSeconds && fault.tailTo >= at)
      .map((fault) => `${fault.id} ${fault.kind} of ${fault.target}`);
    const success = series.success[idx];
    const parts = [
      `<b>${clock(at)}</b>`,
      `${number(series.okPerSecond[idx], 1)}/s right`,
      `${number(series.badPerSecond[idx], 1)}/s failed`,
      `success <b>${success == null ? '–' : `${number(success * 100, 1)} %`}</b>`,
      `p50 ${ms(series.p50Ms[idx])}`,
      `p99 ${ms(series.p99Ms[idx])}`,
    ];
    if (series.memoryBytes.server) parts.push(`server ${bytes(series.memoryBytes.server[idx])}`);
    readout.innerHTML = `${parts.join(' · ')}${here.length === 0 ? '' : ` · <b>${here.slice(0, 3).join(', ')}</b>`}`;
  }

  function showBands() {
    const counts = {};
    for (const { kind } of series.faults) counts[groupOf(kind)] = (counts[groupOf(kind)] ?? 0) + 1;
    byId('bands').innerHTML = Object.keys(groups)
      .filter((name) => counts[name])
      .map(
        (name) =>
          `<span class="chip"><i class="swatch" style="background:var(--${name});opacity:.55"></i>${groups[name].title} (${counts[name]})</span>`,
      )
      .join('');
  }

  function setWindow(min, max) {
    const first = series.at[0];
    const last = series.at[series.at.length - 1];
    const least = Math.max(4, series.stepSeconds * 4);
    const width = Math.min(last - first, Math.max(least, max - min));
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
    const acts = {
      ArrowLeft: () => move(-step),
      ArrowRight: () => move(step),
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      Escape: wholeRun,
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  byId('zoom-out').addEventListener('click', wholeRun);

  document.addEventListener('click', (event) => {
    const id = event.target.closest?.('[data-jump]')?.dataset.jump;
    const fault = series.faults.find((one) => one.id === id);
    if (!fault) return;
    const around = Math.max(15, (fault.tailTo - fault.from) * 0.8);
    setWindow(fault.from - around, fault.tailTo + around);
    byId('timeline').focus({ preventScroll: true });
    byId('timeline-section').scrollIntoView({ block: 'start' });
  });

  /* The table of faults: rows keep the order of time as their own; a day's are shown in part until somebody asks for all. */
  const fewRows = 40;
  let allRows = false;
  function arrange() {
    const table = byId('faults');
    if (!table) return;
    const kind = byId('fault-kind').value;
    const order = byId('fault-order').value;
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row, index) => {
      row.dataset.time ??= index;
    });
    rows.sort((a, b) => (order === 'time' ? a.dataset.time - b.dataset.time : b.dataset[order] - a.dataset[order]));
    const chosen = rows.filter((row) => kind === '' || row.dataset.kind === kind);
    for (const row of rows) row.hidden = true;
    for (const row of chosen.slice(0, allRows ? chosen.length : fewRows)) row.hidden = false;
    table.tBodies[0].append(...rows);
    const more = byId('more-faults');
    more.hidden = allRows || chosen.length <= fewRows;
    more.textContent = `Show all ${chosen.length}`;
  }
  document.addEventListener('click', (event) => {
    if (event.target.id !== 'more-faults') return;
    allRows = true;
    arrange();
  });
  document.addEventListener('change', (event) => {
    if (event.target.id === 'fault-kind' || event.target.id === 'fault-order') {
      allRows = false;
      arrange();
    }
  });

  let waiting = 0;
  const redrawSoon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
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
  arrange();
  draw();

  const { live } = document.body.dataset;
  if (live) {
    const updates = new EventSource(live);
    // The run is over, and nobody is there to ask again.
    updates.addEventListener('end', () => updates.close());
    updates.addEventListener('message', ({ data }) => {
      const update = JSON.parse(data);
      for (const [id, text] of Object.entries(update.sections)) {
        const section = byId(id);
        if (section && !section.contains(document.activeElement)) section.innerHTML = text;
      }
      series = update.series;
      arrange();
      redrawSoon();
    });
  }
})();
