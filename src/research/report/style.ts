/** How the report looks: the colours of the pages of the adapter, on a screen of any width and on A4. */

export const STYLE = `
@page{size:A4;margin:13mm}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#f0f4f5;color:#212b32;font:16px/1.5 Arial,Helvetica,"Liberation Sans",sans-serif;overflow-wrap:anywhere}
a{color:#005eb8}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:4px solid #ffeb3b;outline-offset:0;box-shadow:inset 0 0 0 2px #212b32}
.skip{position:absolute;left:-999px}
.skip:focus{position:static;display:block;padding:8px 16px;background:#ffeb3b;color:#212b32}
.inside{max-width:960px;margin:0 auto;padding:0 16px}
header{background:#003d2b;color:#fff;padding:24px 0 28px}
header p{margin:0}
h1{font-size:2rem;line-height:1.2;margin:4px 0 8px}
h2{font-size:1.6rem;line-height:1.25;margin:0 0 8px}
h3{font-size:1.2rem;line-height:1.3;margin:0 0 8px}
main{padding:24px 0 40px}
section{margin:0 0 40px}
.card{background:#fff;border:1px solid #d8dde0;padding:20px 24px;margin:0 0 20px}
.exhibit{border-top:4px solid #007f3b}
.intro{margin:0 0 16px;max-width:44em}
.reading{font-size:1.06rem;margin:0 0 16px;max-width:44em}
.glance{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;list-style:none;margin:0 0 20px;padding:0}
.glance li{background:#fff;border:1px solid #d8dde0;border-top:4px solid #005eb8;padding:12px 16px}
.glance strong{display:block;font-size:1.9rem;line-height:1.15}
.about{display:grid;grid-template-columns:11em 1fr;gap:6px 16px;margin:0}
.about dt{font-weight:bold}
.about dd{margin:0}
.about ul{margin:0;padding-left:1.2em}
.contents ol{margin:0;padding-left:1.3em;columns:2;column-gap:32px}
.contents li{break-inside:avoid;margin:0 0 4px}
.scroll{overflow-x:auto;margin:0 0 8px;background:linear-gradient(90deg,#fff 16px,#fff0 32px),linear-gradient(270deg,#fff 16px,#fff0 32px),linear-gradient(90deg,#c5cdd2,#fff0 10px),linear-gradient(270deg,#c5cdd2,#fff0 10px);background-attachment:local,local,scroll,scroll}
.scroll svg{display:block;width:100%;min-width:600px;max-width:720px;height:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:bold;padding:12px 0 6px}
th,td{padding:5px 16px 5px 0;border-bottom:1px solid #d8dde0;text-align:left;vertical-align:top;overflow-wrap:normal}
thead th{border-bottom:2px solid #4c6272;vertical-align:bottom}
tbody th{font-weight:normal;min-width:7em}
.number{text-align:right;white-space:nowrap}
thead .number{white-space:normal}
th:last-child,td:last-child{padding-right:2px}
.under{display:flex;flex-wrap:wrap;gap:4px 24px;font-size:.92rem;margin:8px 0 0}
details{font-size:.92rem}
summary{color:#005eb8;text-decoration:underline;cursor:pointer}
details dl{display:grid;grid-template-columns:11em 1fr;gap:2px 16px;margin:8px 0 0}
details dt{font-weight:bold}
details dd{margin:0}
.notes{border-left:4px solid #aeb7bd;margin:14px 0 0;padding:2px 0 2px 14px;font-size:.92rem}
.notes p{margin:0 0 4px}
.nothing{margin:0;font-style:italic}
footer{background:#d8dde0;padding:20px 0;font-size:.92rem}
footer p{margin:0}
@media(max-width:560px){
.card{padding:16px 14px}
h1{font-size:1.55rem}
h2{font-size:1.35rem}
.contents ol{columns:1}
.about,details dl{grid-template-columns:1fr;gap:0}
.about dd,details dd{margin-bottom:8px}
}
@media print{
body{background:#fff;font-size:10pt}
.inside{max-width:none;padding:0}
header{background:#fff;color:#003d2b;border-bottom:3px solid #003d2b;padding:0 0 12px}
main{padding:14px 0 0}
.skip,.csv,details,.contents{display:none}
.card{padding:0 0 8px;border:0;margin-bottom:18px}
.exhibit{border-top:2px solid #007f3b;padding-top:10px}
.glance li{break-inside:avoid}
h2,h3,.reading,caption{break-after:avoid}
.scroll{overflow:visible;background:none}
.chart{break-inside:avoid}
.scroll svg{min-width:0;max-width:none}
tr,.notes{break-inside:avoid}
table{font-size:8pt}
th,td{padding:3px 8px 3px 0}
tbody th{min-width:5em}
thead{display:table-header-group}
section+section{break-before:page}
footer{background:#fff;border-top:1px solid #4c6272;padding:8px 0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`.trim();
