// All runs, newest first: the first few are sent and drawn at once, then the rest, then what changed.

import { get, name as encoded } from "./api.js";
import { ago, bar, chip, duration, fill, h, many, number, words } from "./dom.js";

const EVERY_MS = 4000;
const AT_ONCE = 60; // rows; more are made when the end of the list comes into view
const A_SCREENFUL = 20;

function row(run, chosen, choose) {
  const spent = run.budget?.seconds ? `${duration(run.seconds)} of ${duration(run.budget.seconds)}` : `${duration(run.seconds)}, ${many(run.steps, "step")}`;
  const box = h("input", { type: "checkbox", "aria-label": `Choose ${run.name} to compare`, onchange: (event) => choose(run.name, event.target.checked) });
  box.checked = chosen.has(run.name);
  return h("li", { class: "run" }, box,
    h("a", { href: `#/run/${encoded(run.name)}`, class: "thumb", tabindex: -1, "aria-hidden": "true" },
      run.picture ? h("img", { src: run.picture, alt: "", loading: "lazy", decoding: "async" }) : h("span", {}, run.task.slice(0, 2))),
    h("div", { class: "who" }, h("a", { href: `#/run/${encoded(run.name)}` }, run.name), h("span", { class: "soft" }, `${run.task} · ${run.data}`)),
    h("div", { class: "how" }, chip(run.status), h("span", { class: "soft" }, `${spent} · `, h("span", { "data-moment": run.created }, ago(run.created))), run.status === "finished" ? null : bar(run.progress, `Progress of ${run.name}`)),
    h("div", { class: "well" }, run.score ? [h("b", {}, `${words(run.score.name)} ${number(run.score.value)} ${run.score.unit}`), h("span", { class: "soft" }, `${run.score.baseline.name} ${number(run.score.baseline.value)}`)] : h("span", { class: "soft" }, "no score yet")));
}

export async function showRuns(place, _, signal, complain) {
  const chosen = new Set(), made = new Map(), rows = new Map();
  let known = 0, order = [], total = 0, most = A_SCREENFUL;
  const search = h("input", { type: "search", placeholder: "Filter: a name, a task, data, a status   ( / )", "aria-label": "Filter runs", oninput: () => { most = AT_ONCE; draw(); } });
  const count = h("p", { class: "soft count", role: "status" });
  const list = h("ul", { class: "runs", "aria-label": "Runs" });
  const compare = h("a", { class: "button", href: "#/compare", hidden: true }, "Compare the two");
  const hint = h("span", { class: "soft", role: "status" });
  const more = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => { most += AT_ONCE; draw(); } });
  fill(place, h("div", { class: "head" }, h("h1", {}, "Runs"), h("a", { class: "button primary", href: "#/new" }, "New run")),
    h("div", { class: "row" }, search, compare, hint), count, list, more);

  const choose = (run, is) => {
    if (is) chosen.add(run); else chosen.delete(run);
    compare.hidden = chosen.size !== 2;
    hint.textContent = chosen.size === 1 ? "One more, and they can be compared." : chosen.size > 2 ? "Two can be compared at a time." : "";
    compare.href = `#/compare/${[...chosen].map(encoded).join("/")}`;
  };
  const draw = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = order.map((name) => rows.get(name)).filter((run) => wanted.every((word) => `${run.name} ${run.task} ${run.data} ${run.status}`.toLowerCase().includes(word)));
    const elements = shown.slice(0, most).map((run) => {
      if (made.get(run.name)?.run !== run) made.set(run.name, { run, element: row(run, chosen, choose) });
      return made.get(run.name).element;
    });
    elements.forEach((each, place) => { if (list.children[place] !== each) list.insertBefore(each, list.children[place] ?? null); });
    while (list.childElementCount > elements.length) list.lastElementChild.remove();
    more.hidden = shown.length <= most;
    more.textContent = `Show more: ${shown.length - most} are left`;
    count.textContent = !total ? "" : `${wanted.length ? `${shown.length.toLocaleString("en")} of ` : ""}${many(total, "run")}`;
    if (!total) fill(list, h("li", { class: "empty" }, h("p", {}, "No runs here yet."), h("p", {}, h("a", { href: "#/new" }, "Start the first one"), ", or ", h("a", { href: "#/try" }, "try what needs no training"), ".")));
    else if (!shown.length) fill(list, h("li", { class: "empty" }, h("p", {}, "No run fits these words.")));
  };
  const take = (answer) => {
    if (answer.same) return;
    known = answer.version;
    answer.runs.forEach((run) => { if (JSON.stringify(rows.get(run.name)) !== JSON.stringify(run)) rows.set(run.name, run); });
    if (answer.count !== undefined) order = answer.runs.map((run) => run.name);
    else order = answer.order ?? order;
    total = answer.count ?? order.length;
    draw();
  };
  const age = () => list.querySelectorAll("[data-moment]").forEach((each) => {
    const told = ago(Number(each.dataset.moment));
    if (each.textContent !== told) each.textContent = told;
  });
  const look = async () => take(await get(`/api/runs${known ? `?known=${known}` : ""}`, signal));
  take(await get(`/api/runs?most=${AT_ONCE}`, signal));
  requestAnimationFrame(() => setTimeout(() => { // when what is on the screen has been painted
    most = Math.max(most, AT_ONCE);
    if (known) draw(); else look().catch(complain);
  }));
  const timer = setInterval(() => { if (!document.hidden) look().then(age).catch(complain); }, EVERY_MS);
  const end = new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) more.click(); }, { rootMargin: "600px" });
  end.observe(more);
  signal.addEventListener("abort", () => { clearInterval(timer); end.disconnect(); });
}
