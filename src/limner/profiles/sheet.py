"""The style sheet of the card: paper and ink for light and dark, nothing from the network."""

__all__ = ["SHEET"]

SHEET = """
.limner-card{--paper:#fff;--sunk:#f6f5f2;--ink:#1d1f23;--soft:#666b75;--rule:#e4e2dc;
--accent:#2f5d8c;--good:#22714a;--good-bg:#e3f2e9;--calm:#2f5d8c;--calm-bg:#e6eef7;--warn:#8a5a00;
--warn-bg:#fdf0d5;--bad:#a33129;--bad-bg:#fbe7e4;--idle:#5c616b;--idle-bg:#ecebe7;
box-sizing:border-box;max-width:920px;padding:24px 28px 18px;border:1px solid var(--rule);
border-radius:14px;background:var(--paper);color:var(--ink);text-align:left;
font:14px/1.5 system-ui,-apple-system,"Segoe UI","PingFang SC","Noto Sans CJK SC",sans-serif}
@media (prefers-color-scheme:dark){.limner-card{--paper:#17191d;--sunk:#1f2227;--ink:#e8e6e1;
--soft:#9aa0ab;--rule:#30343b;--accent:#8ab6e6;--good:#7fd1a4;--good-bg:#173526;--calm:#8ab6e6;
--calm-bg:#1b2c40;--warn:#eabf6a;--warn-bg:#3a2d12;--bad:#f0958c;--bad-bg:#44201d;--idle:#b3b7bf;
--idle-bg:#2a2d33}}
.limner-card *{box-sizing:border-box}
.limner-card .zh,.limner-card:has(.limner-zh:checked) .en{display:none}
.limner-card:has(.limner-zh:checked) .zh{display:inline}
.limner-card header{display:flex;flex-wrap:wrap;align-items:center;gap:8px 10px;margin:0 0 12px}
.limner-card .who{font-size:22px;font-weight:650;line-height:1.2;letter-spacing:-.01em;
overflow-wrap:anywhere}
.limner-card .chip{display:inline-block;padding:1px 9px;border-radius:99px;font-size:12px;
font-weight:600;background:var(--idle-bg);color:var(--idle);white-space:nowrap}
.limner-card .good{background:var(--good-bg);color:var(--good)}
.limner-card .calm{background:var(--calm-bg);color:var(--calm)}
.limner-card .warn{background:var(--warn-bg);color:var(--warn)}
.limner-card .bad{background:var(--bad-bg);color:var(--bad)}
.limner-card .limner-tongue{margin-left:auto;font-size:12px;color:var(--soft);cursor:pointer;
border:1px solid var(--rule);border-radius:99px;padding:1px 10px;position:relative}
.limner-card .limner-tongue:focus-within{outline:2px solid var(--accent)}
.limner-card .limner-zh{position:absolute;opacity:0;pointer-events:none}
.limner-card .story{margin:0 0 18px;font-size:15px;line-height:1.6;max-width:78ch}
.limner-card .story span[title]:hover{background:var(--calm-bg);border-radius:3px}
.limner-card h4{margin:0 0 8px;font-size:12px;font-weight:600;color:var(--soft);line-height:1.4}
.limner-card section{margin:0 0 20px;min-width:0}
.limner-card .tiles{display:flex;flex-wrap:wrap;gap:1px;
background:var(--rule);border:1px solid var(--rule);border-radius:10px;overflow:hidden}
.limner-card .tile{background:var(--paper);flex:1 1 140px;padding:10px 14px;
min-width:0}
.limner-card .tile b{display:block;font-size:18px;font-weight:600;line-height:1.3;
font-variant-numeric:tabular-nums;white-space:nowrap}
.limner-card .tile small,.limner-card .note{font-size:12px;color:var(--soft)}
.limner-card .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));
gap:0 32px}
.limner-card svg{display:block;width:100%;height:auto}
.limner-card svg text{font-size:9px;fill:var(--soft)}
.limner-card svg .ground{fill:var(--accent);opacity:.13}
.limner-card svg .line{fill:none;stroke:var(--accent);stroke-width:1.6;stroke-linejoin:round}
.limner-card svg .zero{stroke:var(--rule);stroke-width:1}
.limner-card svg .dot,.limner-card svg .most{fill:var(--accent)}
.limner-card svg .bar{fill:var(--accent);opacity:.38}
.limner-card svg .most{opacity:1}
.limner-card table{width:100%;border-collapse:collapse;margin:0;background:none;font-size:14px;
color:var(--ink);line-height:1.45}
.limner-card th,.limner-card td{padding:6px 14px 6px 0;border:0;text-align:left;
vertical-align:top;background:none;color:inherit}
.limner-card tr{border-top:1px solid var(--rule);background:none}
.limner-card tr:first-child{border-top:0}
.limner-card td:last-child{padding-right:0}
.limner-card .num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.limner-card .meter{display:inline-block;width:72px;height:6px;border-radius:3px;
background:var(--idle-bg);vertical-align:middle;overflow:hidden}
.limner-card .meter i{display:block;height:100%;background:var(--accent)}
.limner-card .stand{display:flex;align-items:center;gap:8px;min-height:20px}
.limner-card .three{grid-template-columns:repeat(auto-fit,minmax(210px,1fr))}
.limner-card .share{display:grid;grid-template-columns:1fr auto auto;gap:0 10px;
align-items:baseline;padding:4px 0 7px;font-size:13px;line-height:1.4}
.limner-card .share span{min-width:0;overflow-wrap:anywhere}
.limner-card .share b{font-weight:600;font-variant-numeric:tabular-nums}
.limner-card .share small{min-width:38px;text-align:right;font-size:12px;color:var(--soft)}
.limner-card .share .meter{grid-column:1/-1;width:100%;height:4px;margin-top:4px}
.limner-card .factor{display:inline-block;margin:0 10px 0 0;font-size:12px;color:var(--soft);
overflow-wrap:anywhere}
.limner-card .factor b{font-weight:600;color:var(--ink)}
.limner-card details summary{cursor:pointer;font-size:12px;font-weight:600;color:var(--soft);
padding:4px 0}
.limner-card .traits{columns:2;column-gap:32px}
.limner-card .traits div{display:flex;justify-content:space-between;gap:12px;break-inside:avoid;
border-bottom:1px solid var(--rule);padding:3px 0;font-size:13px}
.limner-card .traits b{font-weight:500;font-variant-numeric:tabular-nums;text-align:right}
.limner-card footer{border-top:1px solid var(--rule);padding-top:10px;font-size:12px;
color:var(--soft)}
.limner-card .answers td:nth-child(-n+3){white-space:nowrap}
@media (max-width:640px){.limner-card .answers tr{display:flex;flex-wrap:wrap;padding:8px 0}
.limner-card .answers td{padding:2px 14px 2px 0}
.limner-card .answers td:last-child{flex-basis:100%}}
@media (max-width:560px){.limner-card{padding:16px}.limner-card .traits{columns:1}}
"""
