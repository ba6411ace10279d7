"use strict";
// The browsable rows. Everything from a model or a dataset is written with textContent; nothing is ever parsed as HTML.
(() => {
  const data = JSON.parse(document.getElementById("rows-json").textContent);
  const PAGE = 50;
  const BOTH = 0, GOLD = 1, SAID = 2, GOLD_UNMARKED = 3, SAID_UNMARKED = 4;
  const at = (id) => document.getElementById(id);
  const body = at("browser-rows");
  let found = [];
  let shown = 0;

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function options(select, entries, chosen) {
    const before = chosen ?? select.value;
    select.replaceChildren(...entries.map(([value, text]) => make("option", { value }, text)));
    select.value = entries.some(([value]) => value === before) ? before : entries[0][0];
  }

  const labelOf = (row, system, view) => (row.said[system] ? row.said[system].labels[view] : undefined);

  function change(row, view) {
    const [before, after] = data.systems.map((system) => labelOf(row, system, view));
    if (!before || !after) return "";
    if (before[2] === after[2]) return after[2] ? "right" : "wrong";
    return after[2] ? "fixed" : "broken";
  }

  function inView() {
    const view = at("view").value, turn = at("turn").value;
    return data.rows.filter((row) => row.views[view] && (!turn || row.turn === turn));
  }

  function refreshLabels() {
    const counts = new Map();
    for (const row of inView()) {
      const label = labelOf(row, at("system").value, at("view").value);
      if (label) counts.set(label[0], (counts.get(label[0]) || 0) + 1);
    }
    const entries = [...counts].sort((one, other) => other[1] - one[1]).map(([name, count]) => [name, `${name} (${count})`]);
    options(at("label"), [["", "all"], ["-", "all but ok"], ...entries]);
  }

  function haystack(row) {
    if (row.haystack === undefined) {
      const said = Object.values(row.said).map((each) => [each.called, each.raw, each.parts]);
      row.haystack = JSON.stringify([row.id, row.type, row.golds, row.prompt, said]).toLowerCase();
    }
    return row.haystack;
  }

  function refresh() {
    const view = at("view").value, system = at("system").value, label = at("label").value;
    const wanted = at("change").value, words = at("search").value.trim().toLowerCase();
    const needle = words && JSON.stringify(words).slice(1, -1);
    const all = inView();
    found = all.filter((row) => {
      const own = labelOf(row, system, view);
      if (label === "-" ? !own || own[0] === "ok" : label && (!own || own[0] !== label)) return false;
      if (wanted && change(row, view) !== wanted) return false;
      return !needle || haystack(row).includes(needle);
    });
    shown = 0;
    body.replaceChildren();
    more();
    at("count").textContent = `${found.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} turns of the view ${view}`;
  }

  function more() {
    const next = found.slice(shown, shown + PAGE);
    body.append(...next.map(line));
    shown += next.length;
    at("more").hidden = shown >= found.length;
    at("more").textContent = `Show ${Math.min(PAGE, found.length - shown)} more of ${found.length - shown}`;
  }

  const breakable = (text) => text.split(/(?<=_)/).flatMap((part, index) => (index ? [make("wbr"), part] : [part]));

  function verdict(label) {
    if (!label) return make("span", {}, "not generated");
    const [name, sub, right] = label;
    const text = `${right ? "✓" : "✗"} ${name}${sub ? ` (${sub})` : ""}`;
    return make("span", { class: right ? "good" : "bad" }, ...breakable(text));
  }

  function line(row) {
    const view = at("view").value, asked = row.views[view];
    const button = make("button", { type: "button", "aria-expanded": "false" }, row.id);
    const element = make(
      "tr", {},
      make("th", { scope: "row" }, button),
      make("td", { class: "wide" }, row.turn),
      make("td", { class: "wide", dir: "auto" }, row.type),
      make("td", { class: "wide" }, String(asked.count)),
      make("td", { dir: "auto" }, ...breakable(row.golds[asked.gold] || (row.turn === "D2" ? "(answer)" : "(no call)"))),
      ...data.systems.map((system) => make("td", {}, verdict(labelOf(row, system, view)))),
    );
    let opened = null;
    button.addEventListener("click", () => {
      const open = opened === null;
      button.setAttribute("aria-expanded", String(open));
      element.classList.toggle("open", open);
      if (open) {
        const columns = [...element.children].filter((cell) => cell.offsetParent !== null).length;
        opened = make("tr", { class: "detail" }, make("td", { colspan: String(columns) }, ...detail(row, view)));
        element.after(opened);
      } else {
        opened.remove();
        opened = null;
      }
    });
    return element;
  }

  function block(pieces, kinds) {
    const chosen = pieces.filter(([kind, text]) => kinds.includes(kind) && text);
    if (!chosen.length) return null;
    const pre = make("pre", { dir: "auto", tabindex: "0" });
    for (const [kind, text] of chosen) {
      pre.append(kind === GOLD ? make("del", {}, text) : kind === SAID ? make("ins", {}, text) : text);
    }
    return pre;
  }

  function column(title, parts, kinds, ...facts) {
    const blocks = parts.map((pieces) => block(pieces, kinds)).filter(Boolean);
    if (!blocks.length) blocks.push(make("p", {}, "(no text and no call)"));
    return make("div", {}, make("h3", {}, ...title), ...facts, ...blocks);
  }

  function detail(row, view) {
    const asked = row.views[view], chosen = row.said[at("system").value] || Object.values(row.said)[0];
    const prompt = row.prompt === null
      ? [make("p", {}, "The messages were not saved with this evaluation.")]
      : row.prompt.map(([role, text]) => make("div", {}, make("p", {}, role), make("pre", { dir: "auto", tabindex: "0" }, text)));
    const parts = [make("h3", {}, `Prompt, ${row.promptTokens.toLocaleString("en")} tokens`), ...prompt];
    parts.push(make("p", { dir: "auto" }, `Offered tools (${asked.count}): ${asked.offered || "none"}`));
    if (asked.unanswerable) parts.push(make("p", { class: "note" }, "The gold tool is not offered: a fault of the row."));
    const columns = [column([data.systems.length > 1 ? `Gold, marked against ${at("system").value}` : "Gold"], chosen.parts[asked.gold], [BOTH, GOLD, GOLD_UNMARKED])];
    for (const system of data.systems) {
      const said = row.said[system];
      if (!said) continue;
      const ended = said.ended === "length" ? "cut by max_new_tokens" : "ended by itself";
      const made = column(
        [`${system}: `, verdict(said.labels[view])], said.parts[asked.gold], [BOTH, SAID, SAID_UNMARKED],
        make("p", {}, `${said.tokens.toLocaleString("en")} tokens, ${ended}${said.malformed && `, malformed: ${said.malformed}`}`),
      );
      if (said.raw !== null) {
        made.append(make("details", {}, make("summary", {}, "As generated"), make("pre", { dir: "auto", tabindex: "0" }, said.raw)));
      }
      columns.push(made);
    }
    parts.push(make("div", { class: "columns" }, ...columns));
    return parts;
  }

  const heads = [["row", ""], ["turn", "wide"], ["query type", "wide"], ["tools", "wide"], ["gold", ""], ...data.systems.map((name) => [name, ""])];
  at("browser-heads").append(...heads.map(([name, kind]) => make("th", { scope: "col", class: kind || null }, name)));
  options(at("view"), data.views.map((name) => [name, name]), data.views.includes("repaired") ? "repaired" : data.views[0]);
  options(at("system"), data.systems.map((name) => [name, name]), "tuned");
  options(at("turn"), [["", "all"], ["D1", "D1, the call"], ["D2", "D2, after a result"]], "");
  options(at("change"), [["", "all"], ["fixed", "fixed"], ["broken", "broken"], ["right", "right in both"], ["wrong", "wrong in both"]], "");
  at("change-field").hidden = data.systems.length < 2;
  for (const id of ["view", "system", "turn"]) {
    at(id).addEventListener("change", () => { refreshLabels(); refresh(); });
  }
  for (const id of ["label", "change"]) at(id).addEventListener("change", refresh);
  let timer = 0;
  at("search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(refresh, 150); });
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("more").addEventListener("click", more);
  at("filters").hidden = at("browser").hidden = false;
  refreshLabels();
  refresh();
})();
