/** What is asked of the report's page in a browser, as scripts that run in it. */

/** @returns for each chart what is wrong with it: nothing drawn, text cut or covered, marks outside */
export const CHART_FAULTS = `[...document.querySelectorAll('article svg')].flatMap((svg) => {
  const name = svg.getAttribute('aria-labelledby').split(' ')[0];
  const frame = svg.getBoundingClientRect();
  const place = (node) => ({ node, box: node.getBoundingClientRect() });
  const texts = [...svg.querySelectorAll('text')].filter((one) => one.textContent !== '').map(place);
  const isMark = (one) => ['#005eb8', '#aeb7bd', '#7c2855'].includes(one.getAttribute('fill')) ||
    one.getAttribute('stroke') === '#005eb8' || /^url/.test(one.getAttribute('fill') ?? '');
  const marks = [...svg.querySelectorAll('path, line')].filter(isMark).map(place);
  const faults = marks.length === 0 ? [name + ': nothing is drawn'] : [];
  const outside = ({ box }) => box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5;
  for (const one of [...texts, ...marks]) if (outside(one)) faults.push(name + ': outside: ' + (one.node.textContent || one.node.outerHTML));
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  texts.forEach((one, at) => {
    for (const other of texts.slice(at + 1)) if (meet(one.box, other.box)) faults.push(name + ': ' + one.node.textContent + ' on ' + other.node.textContent);
    for (const { box } of marks) {
      const isInside = one.box.left >= box.left && one.box.right <= box.right;
      if (meet(one.box, box) && !isInside) faults.push(name + ': ' + one.node.textContent + ' on a mark');
    }
  });
  return faults;
})`;

/** @returns each exhibit's table as the page shows it, and what its link saves */
export const SHOWN_TABLES = `[...document.querySelectorAll('article')].filter((one) => one.querySelector('table')).map((one) => ({
  id: one.getAttribute('aria-labelledby'),
  rows: [...one.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)),
  saved: decodeURIComponent(one.querySelector('a.csv').getAttribute('href').split(',').slice(1).join(',')),
}))`;

/** @returns widths of the filled bars of a chart, from the top */
export const barWidths = (id: string): string =>
  `[...document.querySelectorAll('[aria-labelledby="${id}"] svg path[fill="#005eb8"]')].map((one) => one.getBoundingClientRect().width)`;

/** @returns text that is cut by its own box, where that does not scroll */
export const CUT_TEXT = `[...document.querySelectorAll('h1, h2, h3, p, dt, dd, li, caption, a, summary')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
  .map((one) => one.textContent)`;

/** @returns names of tables and charts that are wider than their place, where nobody can scroll */
export const TOO_WIDE = `[...document.querySelectorAll('.scroll')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.getAttribute('aria-label'))`;
