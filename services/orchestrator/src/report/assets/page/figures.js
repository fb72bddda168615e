/* Number formats, and helpers to read from the page. */
const byId = (id) => document.getElementById(id);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
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
