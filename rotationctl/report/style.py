"""How the page of a report looks: on a screen, light or dark, and on paper, A4 or letter."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566172; --line: #d5dae1; --paper: #fff; --band: #f4f6f8;
  --bad: #a4161a; --bad-band: #fbecec; --waived: #7a5200; --waived-band: #fcf3df; --good: #1d6b3c;
  --good-band: #e9f5ee; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --soft: #a3adba; --line: #39424e; --paper: #14181d; --band: #1c2229;
    --bad: #ff9a94; --bad-band: #3a1c1d; --waived: #f0c36d; --waived-band: #35290f; --good: #7fd6a1;
    --good-band: #14301f; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2.5rem 1.5rem 3rem; }
h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { margin: 2.75rem 0 .5rem; font-size: 1.15rem; }
p { max-width: 46rem; margin: .5rem 0; }
.soft, dt { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1.5rem 0 0; padding: 0;
  list-style: none; }
.tiles li { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--band); }
.tiles b { display: block; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles .bad b, .bad { color: var(--bad); } .tiles .waived b, .waived { color: var(--waived); }
.tiles .good b, .good { color: var(--good); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1.5rem 0 0; }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid var(--soft); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; line-height: 1.45; }
caption { padding: 0 0 .5rem; color: var(--soft); font-size: .925rem; text-align: start; }
th, td { padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); text-align: start; vertical-align: top;
  overflow-wrap: break-word; }
.long { overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-inline-end: 0; }
thead th { border-top: 0; border-bottom: 2px solid var(--ink); color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
thead th:first-child { width: 19%; }
td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; }
.moment { white-space: nowrap; }
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .8rem;
  font-weight: 600; white-space: nowrap; }
.badge.bad { background: var(--bad-band); } .badge.waived { background: var(--waived-band); }
.badge.good { background: var(--good-band); }
ul.plain { margin: 0; padding: 0; list-style: none; }
ul.plain li + li { margin-top: .3rem; }
code { font: .85em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
code.id { white-space: nowrap; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .875rem; }
@media (max-width: 44rem) { .tiles { grid-template-columns: repeat(2, 1fr); } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; } .wide table { min-width: 44rem; } }
@page { margin: 14mm 12mm 16mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --band: #fff; --bad: #8c1014;
    --bad-band: #fff; --waived: #6b4700; --waived-band: #fff; --good: #14532d; --good-band: #fff; }
  body { font-size: 9.5pt; } main { max-width: none; padding: 0; } table { font-size: 8pt; }
  th, td { padding: 1.2mm 2.5mm 1.2mm 0; } code.id { white-space: normal; }
  .wide { overflow: visible; } thead { display: table-header-group; }
  tr, .tiles, dl { break-inside: avoid; } h2, caption, thead { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
}
""".strip()
