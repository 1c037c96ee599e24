"""The frame of the report: its style sheet and its few lines of script, all within the page."""

from collections.abc import Iterable
from html import escape

from limner.training.words import Words, fill, say

__all__ = ["SCRIPT", "STYLE", "framed"]

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--card:#fff;--ink:#1c2430;--soft:#5b6675;--edge:#e1e5ea;
--wash:#f5f7f9;--accent:#00705a;--good:#00705a;--bad:#b0400a;
--c0:#8b94a1;--c1:#d98200;--c2:#00896a;--c3:#2f9fdc;--c4:#b8669a;--c5:#0067a8;--c6:#c04f00;
--c7:#7a6bb5;--c8:#b0005e}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--card:#181d25;--ink:#e7ebf0;
--soft:#9aa6b5;--edge:#2c3440;--wash:#1d232c;--accent:#3ecfa9;--good:#3ecfa9;--bad:#ff9b62;
--c0:#7d8795;--c1:#f0a830;--c2:#2fc49b;--c3:#62bdf0;--c4:#dd92c0;--c5:#5aa9e6;--c6:#f2814a;
--c7:#a99be0;--c8:#ff77b0}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);line-height:1.55;font-size:16px;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","PingFang SC",
"Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",sans-serif}
.pick{position:absolute;opacity:0;pointer-events:none}
#pick-en:checked~* .zh,#pick-zh:checked~* .en{display:none}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
.tongue{float:right;display:inline-flex;border:1px solid var(--edge);border-radius:8px;
overflow:hidden;font-size:14px}
.tongue label{padding:4px 12px;cursor:pointer;color:var(--soft)}
#pick-en:checked~header .to-en,#pick-zh:checked~header .to-zh{background:var(--ink);
color:var(--paper)}
#pick-en:focus-visible~header .to-en,#pick-zh:focus-visible~header .to-zh{
outline:3px solid var(--accent);outline-offset:-3px}
h1{font-size:30px;line-height:1.2;margin:0 0 10px;letter-spacing:-.01em}
h2{font-size:22px;line-height:1.3;margin:0 0 2px}
h3{font-size:16px;margin:0 0 4px}
h2+.notes,h2+.scroll{margin-top:12px}
.lead{max-width:46em;color:var(--soft);margin:0 0 20px}
section{margin:0 0 20px;padding:28px 0 8px;border-top:1px solid var(--edge)}
.under{color:var(--soft);font-size:14px;margin:0 0 16px}
nav{display:flex;flex-wrap:wrap;gap:6px;margin:0 0 24px}
nav a{color:inherit;text-decoration:none;border:1px solid var(--edge);border-radius:999px;
padding:3px 12px;font-size:14px}
nav a:hover,nav a:focus-visible{border-color:var(--accent);color:var(--accent)}
.scroll{overflow-x:auto;margin:0 0 20px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:7px 10px;text-align:right;vertical-align:top;border-bottom:1px solid var(--edge);
white-space:nowrap}
th{font-weight:600;color:var(--soft);font-size:13px;vertical-align:bottom}
thead th{white-space:normal}
th:first-child,td:first-child{text-align:left;padding-left:0}
.scroll table:not(.glance) th:first-child{position:sticky;left:0;background:var(--paper)}
tbody th{color:var(--ink);font-size:14px;vertical-align:top}
td.none{text-align:left;color:var(--soft);white-space:normal}
th a{color:inherit;text-decoration-color:var(--edge);text-underline-offset:3px}
th a:hover{color:var(--accent)}
tr.best>th,tr.best .v{color:var(--accent)}
.v{font-weight:600;display:block}
.i,.d{display:block;font-size:12px;color:var(--soft)}
.up{color:var(--good)}.down{color:var(--bad)}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px;
color:var(--soft);font-weight:400}
.few{background:var(--wash);border-left:3px solid var(--c1);padding:10px 14px;margin:0 0 20px}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));
gap:16px;margin:0 0 20px}
figure{margin:0;padding:16px;border:1px solid var(--edge);border-radius:12px;
background:var(--card);break-inside:avoid;display:flex;flex-direction:column}
figcaption{display:contents}
figcaption p{margin:0 0 10px;min-height:4.35em;color:var(--soft);font-size:13px;line-height:1.45}
svg{display:block;width:100%;height:auto;max-width:560px;margin:0 auto;overflow:visible}
svg text{font-size:12px;fill:var(--soft)}
svg [data-kind=label]{fill:var(--ink)}
svg [data-kind=name]{fill:var(--ink)}
svg [data-kind=small]{font-size:11px;fill:var(--ink)}
.grid{stroke:var(--edge);stroke-width:1}
.axis,.tick{stroke:var(--soft);stroke-width:1}
.rule{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.whisker{stroke:currentColor;stroke-width:2;stroke-linecap:round}
.dot{fill:currentColor;stroke:var(--card);stroke-width:1.5}
.hollow{fill:var(--card);stroke:currentColor;stroke-width:2}
.bar{fill:currentColor;opacity:.75}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}
.c8{color:var(--c8)}
.keys{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:auto 0 0;padding:10px 0 0;
font-size:13px}
.keys li{display:inline-flex;align-items:center;gap:6px}
.keys svg{width:26px;height:12px;margin:0;flex:none}
details{margin:0 0 20px}
summary{cursor:pointer;color:var(--accent);font-size:14px;margin:0 0 10px}
details figure{max-width:640px}details figcaption p{min-height:0}
.notes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:16px;
margin:0 0 20px}
.note{border:1px solid var(--edge);border-radius:12px;padding:16px;background:var(--card);
break-inside:avoid;min-width:0}
.note p{margin:0 0 8px;font-size:14px}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;margin:0;font-size:14px}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
footer{color:var(--soft);font-size:13px;padding-bottom:40px}
@media (max-width:520px){body{font-size:15px}header,main,footer{padding-left:14px;
padding-right:14px}header{padding-top:18px}h1{font-size:25px}figure,.note{padding:12px}
th,td{padding:6px 8px}
.glance,.glance tbody{display:block}.glance thead{display:none}
.glance tr{display:grid;grid-template-columns:1fr auto;border-bottom:1px solid var(--edge);
padding:8px 0}.glance th,.glance td{border:0;padding:1px 0;text-align:left}
.glance th,.glance td.none{grid-column:1/-1}.glance td:nth-child(odd){text-align:right}
.glance td.none{text-align:left!important}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--edge:#ccc;--wash:#f5f5f5}
.tongue,nav{display:none}body{font-size:11pt}.scroll{overflow:visible}
.pictures{grid-template-columns:1fr 1fr}section,tr{break-inside:auto}h2,h3{break-after:avoid}
table{font-size:9pt}th,td{padding:3px 5px}}
"""
"""The style sheet. Series colours follow Okabe and Ito, which the colour-blind tell apart."""

SCRIPT = """
(function(){var en=document.getElementById('pick-en'),zh=document.getElementById('pick-zh');
function told(){document.documentElement.lang=zh.checked?'zh-Hans':'en'}
if(/^zh\\b/i.test(navigator.language||''))zh.checked=true;
en.addEventListener('change',told);zh.addEventListener('change',told);told()})();
"""
"""Begins in the reader's language; without it the page is the same and begins in English."""


def framed(title: Words, parts: Iterable[str]) -> str:
    """Return sections as a page, whole in itself, that can be read in both languages."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{escape(fill(title)[0])}</title><style>{STYLE}</style></head><body>"
        "<input type='radio' name='tongue' id='pick-en' class='pick' checked>"
        "<input type='radio' name='tongue' id='pick-zh' class='pick'>"
        "<header><div class='tongue'><label class='to-en' for='pick-en'>English</label>"
        "<label class='to-zh' for='pick-zh'>中文</label></div>"
        f"<h1>{say(title)}</h1></header><main>{''.join(parts)}</main>"
        f"<script>{SCRIPT}</script></body></html>"
    )
