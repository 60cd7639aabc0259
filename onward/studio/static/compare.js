// Two runs side by side: scores with their intervals, the same figures in one picture, what each made last.

import { get, name as encoded } from "./api.js";
import { NARROW, curve, groupsOf } from "./curves.js";
import { chip, code, duration, fill, h, many, number, table, words } from "./dom.js";
import { exhibit } from "./snapshots.js";

let touched;

export async function showCompare(place, [one = "", other = ""], signal) {
  const { runs } = await get("/api/runs", signal);
  const choice = (label, value, place) => h("select", { "aria-label": label, onchange: () => { touched = place; go(); } }, h("option", { value: "" }, `${label} …`), runs.map((run) => h("option", { value: run.name, selected: run.name === value }, run.name)));
  const picked = [choice("One run", one, 0), choice("The other", other, 1)];
  const go = () => { location.hash = `#/compare/${picked.map((each) => encoded(each.value)).filter(Boolean).join("/")}`; };
  const rest = h("div", {});
  signal.addEventListener("abort", () => { if (!location.hash.startsWith("#/compare")) touched = undefined; });
  fill(place, h("h1", {}, "Compare"), h("div", { class: "row" }, picked), rest);
  picked[touched]?.focus(); // the page is another one, and the keyboard stays where it was
  if (!one || !other) {
    fill(rest, h("p", { class: "soft" }, "Choose two runs: here, or by their boxes in the list of runs."));
    return;
  }
  fill(rest, h("p", { class: "soft busy" }, "It compares …"));
  const [told, ...facts] = await Promise.all([get(`/api/compare?one=${encoded(one)}&other=${encoded(other)}`, signal), ...[one, other].map((run) => get(`/api/facts/${encoded(run)}`, signal))]);
  const [first, second] = told.runs;
  const differ = first.data !== second.data || first.task !== second.task;
  const drawn = h("section", { class: "curves", "aria-label": "Figures of both" });
  const draw = () => fill(drawn, curves(facts, [one, other]));
  NARROW.addEventListener("change", draw, { signal });
  draw();
  fill(rest, cards(told), differ ? h("p", { class: "wrong" }, "They learned from different data: a better figure need not be a better model.") : null, scores(told, one, other), pictures(facts, [one, other]), drawn, code(told.command, "the command"));
}

function cards({ runs }) {
  return h("div", { class: "two even" }, runs.map((run) => h("section", { class: "card" }, h("h2", {}, h("a", { href: `#/run/${encoded(run.run)}` }, run.run)),
    h("p", {}, chip(run.status), h("span", { class: "soft" }, ` ${run.task} on ${run.data} · ${duration(run.seconds)} · ${many(run.steps, "step")}`)))));
}

function scores({ scores: rows }, one, other) {
  if (!rows.length) return h("p", { class: "soft" }, "They share no score.");
  const cell = (row, place) => `${number(row.values[place])} (${number(row.intervals[place][0])} to ${number(row.intervals[place][1])})`;
  return table([["score", one, other, "better"], ...rows.map((row) => [words(row.name), cell(row, 0), cell(row, 1), row.better ?? "cannot be told apart"])], "Scores of both runs");
}

function pictures(facts, names) {
  const last = facts.map((each) => each.facts.findLast((fact) => fact.kind === "show" && fact.shown === "picture"));
  if (!last.some(Boolean)) return null;
  return h("div", { class: "two even" }, last.map((fact, place) => (fact ? h("figure", {}, exhibit(fact, `${names[place]}: ${words(fact.caption || fact.name)}, step ${fact.step}`), h("figcaption", {}, `${names[place]}, after ${duration(fact.seconds)}`)) : h("div", {}))));
}

function curves(facts, names) {
  const groups = facts.map((each) => groupsOf(each.facts.filter((fact) => fact.kind === "log")));
  const drawn = [];
  for (const [ending, first] of groups[0]) {
    const second = groups[1].get(ending);
    if (!second) continue;
    for (const [figure, points] of first) {
      if (second.has(figure)) drawn.push(curve(figure, [{ name: `${words(figure)}, ${names[0]}`, points }, { name: `${words(figure)}, ${names[1]}`, points: second.get(figure), dashed: true }]));
    }
  }
  return drawn;
}
