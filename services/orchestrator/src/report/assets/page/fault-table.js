/* Filters and sorts the table of faults; shows the first rows until asked for all. */
const maxRows = 40;
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
  for (const row of chosen.slice(0, allRows ? chosen.length : maxRows)) row.hidden = false;
  table.tBodies[0].append(...rows);
  const more = byId('more-faults');
  more.hidden = allRows || chosen.length <= maxRows;
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
