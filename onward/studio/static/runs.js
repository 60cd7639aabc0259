// All runs, newest first; a row is made again only when it changed.

import { get, name as encoded } from "./api.js";
import { ago, bar, chip, duration, fill, h, number, words } from "./dom.js";

const EVERY_MS = 4000;
const AT_ONCE = 100; // rows; more are made when the end of the list comes into view

function row(run, chosen, choose) {
  const spent = run.budget?.seconds ? `${duration(run.seconds)} of ${duration(run.budget.seconds)}` : `${duration(run.seconds)}, ${run.steps} steps`;
  const box = h("input", { type: "checkbox", "aria-label": `Choose ${run.name} to compare`, onchange: (event) => choose(run.name, event.target.checked) });
  box.checked = chosen.has(run.name);
  return h("li", { class: "run" }, box,
    h("a", { href: `#/run/${encoded(run.name)}`, class: "thumb", tabindex: -1, "aria-hidden": "true" },
      run.picture ? h("img", { src: run.picture, alt: "", loading: "lazy" }) : h("span", {}, run.task.slice(0, 2))),
    h("div", { class: "who" }, h("a", { href: `#/run/${encoded(run.name)}` }, run.name), h("span", { class: "soft" }, `${run.task} · ${run.data}`)),
    h("div", { class: "how" }, chip(run.status), h("span", { class: "soft" }, `${spent} · ${ago(run.created)}`), run.status === "finished" ? null : bar(run.progress, `Progress of ${run.name}`)),
    h("div", { class: "well" }, run.score ? [h("b", {}, `${words(run.score.name)} ${number(run.score.value)} ${run.score.unit}`), h("span", { class: "soft" }, `${run.score.baseline.name} ${number(run.score.baseline.value)}`)] : h("span", { class: "soft" }, "no score yet")));
}

export async function showRuns(place, _, signal, complain) {
  const chosen = new Set(), made = new Map();
  let known = "", runs = [], most = AT_ONCE;
  const search = h("input", { type: "search", placeholder: "Filter: a name, a task, data, a status   ( / )", "aria-label": "Filter runs", oninput: () => { most = AT_ONCE; draw(); } });
  const count = h("p", { class: "soft", role: "status" });
  const list = h("ul", { class: "runs", "aria-label": "Runs" });
  const compare = h("a", { class: "button", href: "#/compare", hidden: true }, "Compare the two");
  const more = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => { most += AT_ONCE; draw(); } });
  fill(place, h("div", { class: "head" }, h("h1", {}, "Runs"), h("a", { class: "button primary", href: "#/new" }, "New run")),
    h("div", { class: "row" }, search, compare), count, list, more);

  const choose = (run, is) => {
    if (is) chosen.add(run); else chosen.delete(run);
    compare.hidden = chosen.size !== 2;
    compare.href = `#/compare/${[...chosen].map(encoded).join("/")}`;
  };
  const draw = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = runs.filter((run) => wanted.every((word) => `${run.name} ${run.task} ${run.data} ${run.status}`.toLowerCase().includes(word)));
    fill(list, shown.slice(0, most).map((run) => {
      const text = JSON.stringify(run);
      if (made.get(run.name)?.text !== text) made.set(run.name, { text, element: row(run, chosen, choose) });
      return made.get(run.name).element;
    }));
    more.hidden = shown.length <= most;
    more.textContent = `Show more: ${shown.length - most} are left`;
    count.textContent = runs.length ? `${shown.length === runs.length ? "" : `${shown.length} of `}${runs.length} runs` : "";
    if (!runs.length) fill(list, h("li", { class: "empty" }, h("p", {}, "No runs here yet."), h("p", {}, h("a", { href: "#/new" }, "Start the first one"), ", or ", h("a", { href: "#/try" }, "try what needs no training"), ".")));
  };
  const look = async () => {
    const answer = await get(`/api/runs?known=${known}`, signal);
    if (answer.same) return;
    known = answer.version;
    runs = answer.runs;
    draw();
  };
  await look();
  const timer = setInterval(() => { if (!document.hidden) look().catch(complain); }, EVERY_MS);
  const end = new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) more.click(); }, { rootMargin: "600px" });
  end.observe(more);
  signal.addEventListener("abort", () => { clearInterval(timer); end.disconnect(); });
}
