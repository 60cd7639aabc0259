// Which page is shown. A page is a function of its place and words of the address, and gives what ends it.

import { fill, h } from "./dom.js";
import { showRuns } from "./runs.js";
import { showRun } from "./run.js";
import { showNew } from "./new.js";
import { showTry } from "./try.js";
import { showCompare } from "./compare.js";

const PAGES = { runs: showRuns, run: showRun, new: showNew, try: showTry, compare: showCompare };
const main = document.getElementById("main");
const trouble = document.getElementById("trouble");
let ended = new AbortController();
let shown; // nothing yet: an address without a page is one too

export function complain(reason) {
  if (reason.name === "AbortError") return;
  trouble.textContent = reason.message;
  trouble.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => { trouble.hidden = true; }, 12000);
}

function decoded(word) {
  try { return decodeURIComponent(word); } catch { return word; } // a broken address is one of nothing
}

async function show() {
  if (location.hash === shown) return;
  shown = location.hash;
  ended.abort();
  ended = new AbortController();
  const { signal } = ended;
  const [page = "runs", ...rest] = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  const place = h("div", { class: "page" });
  const asked = PAGES[page] ? page : "runs";
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === asked || (asked === "run" && link.dataset.page === "runs");
    link.toggleAttribute("aria-current", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
  }
  document.title = `${rest[0] ?? { runs: "Runs", new: "New run", try: "Try it", compare: "Compare" }[asked] ?? ""} · Onward`;
  const isFirst = !main.querySelector(".page");
  fill(main, place);
  if (!isFirst) main.focus({ preventScroll: true }); // what had the keyboard is gone
  scrollTo(0, 0);
  trouble.hidden = true;
  try {
    await PAGES[asked](place, rest, signal, complain);
  } catch (reason) {
    if (reason.name === "AbortError" || signal.aborted) return;
    fill(place, h("div", { class: "empty" }, h("h1", {}, reason.status === 401 ? "Locked" : "Not here"), h("p", {}, reason.message),
      h("p", {}, h("a", { href: "#/runs" }, "All runs"))));
  }
}

addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const pages = { r: "#/runs", n: "#/new", t: "#/try", c: "#/compare" };
  if (pages[event.key]) location.hash = pages[event.key];
  if (event.key === "/" && document.querySelector("[type=search]")) {
    event.preventDefault();
    document.querySelector("[type=search]").focus();
  }
});
show();
