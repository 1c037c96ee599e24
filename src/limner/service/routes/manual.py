"""The manual: a page of our own over the OpenAPI document, which asks no other host."""

from fastapi import APIRouter
from starlette.responses import Response

__all__ = ["router"]

router = APIRouter(tags=["operations"], include_in_schema=False)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Limner</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
h2 { margin-top: 2rem; } summary { cursor: pointer; padding: .3rem 0; }
code, pre, input, textarea { font: 14px/1.45 ui-monospace, monospace; }
pre { background: #f4f4f2; padding: .7rem; overflow: auto; max-height: 24rem; }
label { display: block; margin: .4rem 0; } input, textarea { width: 100%; box-sizing: border-box; }
textarea { height: 7rem; } b { display: inline-block; min-width: 4.5rem; }
.scope { color: #666; margin-left: .5rem; }
</style>
<h1>Limner</h1>
<p id="about"></p>
<label>Key <input id="key" type="password" autocomplete="off"></label>
<label>Purpose <input id="purpose" value="service"></label>
<main id="all"><p>Reading the document …</p></main>
<script>
"use strict";
const root = location.pathname.replace(/\\/docs\\/?$/, "");
const make = (name, text) => Object.assign(document.createElement(name), {textContent: text ?? ""});
const field = (box, title, kind) => {
  const label = box.appendChild(make("label", title));
  return label.appendChild(document.createElement(kind || "input"));
};
function shown(schema, all, depth) {
  if (!schema || depth > 6) return schema;
  if (schema.$ref) return shown(all.schemas?.[schema.$ref.split("/").pop()], all, depth + 1);
  if (Array.isArray(schema)) return schema.map(each => shown(each, all, depth + 1));
  if (typeof schema !== "object") return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, each]) => [name, shown(each, all, depth + 1)]));
}
function operation(path, method, told, all) {
  const box = document.createElement("details");
  const head = box.appendChild(document.createElement("summary"));
  head.append(make("b", method.toUpperCase()), make("code", path));
  const scope = make("span", told["x-limner-scope"]);
  scope.className = "scope";
  head.append(scope);
  box.append(make("p", told.description || told.summary));
  const fields = [];
  for (const each of told.parameters || []) {
    if (each.in === "header") continue;
    const about = each.name + (each.required ? " *" : "") + " " + (each.description || "");
    fields.push([each, field(box, about)]);
  }
  const content = told.requestBody?.content?.["application/json"];
  const body = content && field(box, "Body", "textarea");
  if (content) box.append(make("pre", JSON.stringify(shown(content.schema, all, 0), null, 1)));
  const send = box.appendChild(make("button", "Ask"));
  const answer = box.appendChild(make("pre"));
  answer.hidden = true;
  send.onclick = async () => {
    let address = path;
    const query = new URLSearchParams();
    for (const [each, input] of fields) {
      if (each.in === "path")
        address = address.replace("{" + each.name + "}", encodeURIComponent(input.value));
      else if (input.value) query.set(each.name, input.value);
    }
    const headers = {"X-Purpose": document.getElementById("purpose").value};
    const key = document.getElementById("key").value;
    if (key) headers.Authorization = "Bearer " + key;
    if (body) headers["Content-Type"] = "application/json";
    answer.hidden = false;
    try {
      const options = {method: method.toUpperCase(), headers, body: body?.value};
      const got = await fetch(root + address + (query.size ? "?" + query : ""), options);
      const text = await got.text();
      let nice = text;
      try { nice = JSON.stringify(JSON.parse(text), null, 1); } catch { /* it is no JSON */ }
      answer.textContent = got.status + " " + got.statusText + "\\n" + nice;
    } catch (error) { answer.textContent = String(error); }
  };
  return box;
}
fetch(root + "/openapi.json").then(got => got.json()).then(document_ => {
  document.getElementById("about").textContent = document_.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, told] of Object.entries(methods)) {
      const name = told.tags?.[0] || "";
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(operation(path, method, told, document_.components || {}));
    }
  const main = document.getElementById("all");
  main.replaceChildren();
  for (const [name, boxes] of groups) main.append(make("h2", name), ...boxes);
}).catch(error => { document.getElementById("all").textContent = String(error); });
</script>
</html>
"""


@router.get("/docs", openapi_extra={"x-limner-scope": "public", "security": []})
async def manual() -> Response:
    """Return a page that tells every address and asks it, by the OpenAPI document."""
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(_PAGE, headers=headers, media_type="text/html; charset=utf-8")
