/* Draws the page's data and, on the live page, each update. */
arrange();
draw();

/* Replaces the content of a section, but keeps the reader's selections and open details. */
function refill(section, text) {
  const chosen = [...section.querySelectorAll('select')].map(({ id, value }) => ({ id, value }));
  const open = [...section.querySelectorAll('details')].map((one) => one.open);
  section.innerHTML = text;
  for (const { id, value } of chosen) if (byId(id)) byId(id).value = value;
  const details = [...section.querySelectorAll('details')];
  if (details.length === open.length) details.forEach((one, index) => { one.open = open[index]; });
}

const { live } = document.body.dataset;
if (live) {
  const updates = new EventSource(live);
  // The run is over; do not reconnect.
  updates.addEventListener('end', () => updates.close());
  updates.addEventListener('message', ({ data }) => {
    const update = JSON.parse(data);
    for (const [id, text] of Object.entries(update.sections)) {
      const section = byId(id);
      if (section && !section.contains(document.activeElement)) refill(section, text);
    }
    series = update.series;
    arrange();
    redrawSoon();
  });
}
