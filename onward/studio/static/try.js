// Try what was learned: something goes in, `onward apply` runs in a scratch folder, and what comes out is shown.

import { get, name as encoded, post, taskOf, tasks, upload } from "./api.js";
import { showBoard } from "./board.js";
import { code, fill, h, words } from "./dom.js";
import { settingsForm } from "./forms.js";
import { Between, reel } from "./reel.js";
import { exhibit } from "./snapshots.js";

const ACCEPTED = { picture: "image/*", film: "video/*", table: ".csv,.tsv,.txt,.jsonl,.parquet", text: ".txt,.csv" };
const MOST_FILES = 16, MOST_MEGABYTES = 200;
const PREVIEWED = /^image\/(png|jpeg|gif|webp|bmp)$/;

export async function showTry(place, [subject], signal, complain) {
  if (!subject) { await choose(place, signal); return; }
  const isUntrained = (await taskOf(subject))?.untrained;
  const found = isUntrained ? null : (await get(`/api/runs/${encoded(subject)}`, signal)).run;
  const task = await taskOf(found ? found.task : subject);
  if (!task) throw new Error(`Nothing here knows how to try a run of ${found.task}.`);
  const told = found ? `${task.name}: ${found.data}` : `${task.summary}`;
  const head = h("div", { class: "head" }, h("h1", {}, subject), found && !subject.startsWith("zoo:") ? h("a", { href: `#/run/${encoded(subject)}` }, "to the run") : h("a", { href: "#/try" }, "something else"));
  const rest = h("div", {});
  fill(place, head, h("p", { class: "soft" }, told), rest);
  if (task.tried_with.includes("board")) await showBoard(rest, subject, signal, complain);
  else {
    const trial = new Trial(rest, subject, task, signal, complain);
    trial.ask();
    trial.again();
  }
}

async function choose(place, signal) {
  const [known, { runs }, { zoo }] = await Promise.all([tasks(), get("/api/runs", signal), get("/api/hello", signal)]);
  const tried = new Map(known.filter((task) => task.applies).map((task) => [task.name, task]));
  const card = (name, title, text, picture) => h("li", {}, h("a", { href: `#/try/${encoded(name)}` },
    picture ? h("img", { src: picture, alt: "", loading: "lazy" }) : null, h("b", {}, title), h("span", {}, text)));
  const ready = runs.filter((run) => tried.has(run.task) && run.steps > 0).slice(0, 60);
  fill(place, h("h1", {}, "Try it"),
    h("h2", {}, "Without training"), h("ul", { class: "cards" },
      known.filter((task) => task.untrained).map((task) => card(task.name, task.name, task.summary)),
      zoo.filter((each) => tried.has(each.task)).map((each) => card(each.name, each.name, `${each.task}, trained by this program`))),
    ready.length ? [h("h2", {}, "Your runs"), h("ul", { class: "cards" }, ready.map((run) => card(run.name, run.name, `${run.task} · ${run.data}`, run.picture)))] : null);
}

/** A place to drop a file on, to choose one, or to write a text. */
function well(kinds, label, changed, isText) {
  const preview = h("div", { class: "preview" });
  const accept = kinds.includes("file") ? null : kinds.map((kind) => ACCEPTED[kind]).join(",");
  const what = kinds.map((kind) => `a ${kind}`).join(", ").replace(/, ([^,]*)$/, " or $1");
  const input = h("input", { type: "file", accept, "aria-label": label === "input" ? `Choose ${what}` : `Choose ${what} for ${label}`, multiple: label === "input" });
  const forget = h("button", { type: "button", class: "quiet", hidden: true, onclick: (event) => { event.preventDefault(); input.value = ""; take([]); } }, "take away");
  const element = h("label", { class: "well" }, h("span", {}, h("b", {}, label === "input" ? `Drop ${what} here` : `Drop ${what} for ${label}`), h("br"), "or choose one"), input, preview, forget);
  const state = { element, files: [] };
  const take = (files) => {
    preview.querySelectorAll("img").forEach((each) => URL.revokeObjectURL(each.src));
    state.files = [...files].slice(0, label === "input" ? MOST_FILES : 1);
    forget.hidden = !state.files.length;
    fill(preview, state.files.map((file) => (PREVIEWED.test(file.type) ? h("img", { src: URL.createObjectURL(file), alt: `Chosen: ${file.name}` }) : h("span", {}, file.name))), files.length > state.files.length ? h("span", { class: "wrong" }, `${state.files.length} of ${files.length} were taken; for more, name their folder.`) : null);
    changed();
  };
  input.addEventListener("change", () => { if (input.files.length) take(input.files); });
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => { event.preventDefault(); element.classList.remove("over"); take(event.dataTransfer.files); });
  if (!isText) return state;
  state.text = h("textarea", { rows: 4, "aria-label": "Text, a line each", placeholder: "Write here, a line each", oninput: changed });
  state.element = h("div", {}, state.text);
  return state;
}

class Trial {
  constructor(place, subject, task, signal, complain) {
    Object.assign(this, { subject, task, signal, complain });
    const changed = () => this.soon();
    const kinds = task.tried_with.filter((each) => !each.includes(":"));
    const ends = task.tried_with.find((each) => each.startsWith("between:"))?.slice(8).split("=");
    this.between = ends ? new Between(ends, changed, () => this.go()) : null;
    this.wells = new Map();
    if (kinds.length) this.wells.set("input", well(kinds, "input", changed, kinds[0] === "text"));
    for (const each of task.tried_with.filter((word) => word.startsWith("option:"))) {
      const [option, kind] = each.slice(7).split("=");
      this.wells.set(`option:${option}`, well([kind], option, changed, false));
    }
    this.address = h("input", { type: "text", placeholder: kinds[0] === "picture" ? "or a path, or a name such as meadow:scene" : "or a path on this computer", "aria-label": "Path or name of an input", oninput: changed, spellcheck: "false" });
    const given = new Set([...[...this.wells.keys()].map((key) => key.replace("option:", "")), ...(ends ?? [])]);
    const isFirst = (entry) => entry.name === "prompt"; // what is said to it comes first, how it answers stands aside
    this.first = settingsForm(task.options.filter(isFirst), "option", changed);
    this.first.element.className = "spoken";
    this.options = settingsForm(task.options.filter((entry) => !given.has(entry.name) && !isFirst(entry)), "option", changed);
    this.shown = h("div", {});
    this.result = h("section", { "aria-live": "polite", "aria-label": "What came out" });
    this.button = h("button", { class: "primary" }, "Go");
    this.halt = h("button", { type: "button", hidden: true, onclick: () => post(`/api/tries/${this.number}/stop`).catch(complain) }, "Stop");
    fill(place, h("form", { class: "two", onsubmit: (event) => { event.preventDefault(); this.go(); } },
      h("div", {}, kinds.length ? h("div", { class: "wells" }, [...this.wells.values()].map((each) => each.element)) : null,
        kinds.length && kinds[0] !== "text" ? this.address : null, this.first.element, this.between?.element ?? null, h("div", { class: "row" }, this.button, this.halt), this.result),
      h("aside", { class: "card" }, task.options.length ? h("h2", {}, "How") : null, this.options.element, h("h2", {}, "What this stands for"), this.shown)));
  }

  inputs() {
    const { files = [], text } = this.wells.get("input") ?? {};
    const typed = this.address.value.trim();
    return [...(text ? (text.value.trim() ? ["text.txt"] : []) : files.map((file) => file.name)), ...(typed ? [typed] : [])];
  }

  chosen() { return { ...this.options.values(), ...this.first.values(), ...this.between?.values() }; }

  soon() { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), 250); }

  async ask() {
    const named = Object.fromEntries([...this.wells].filter(([key, each]) => key.startsWith("option:") && each.files.length).map(([key, each]) => [key.slice(7), each.files[0].name]));
    try {
      const answer = await post("/api/command", { verb: "apply", subject: this.subject, inputs: this.inputs(), options: { ...this.chosen(), ...named } }, this.signal);
      fill(this.shown, code(answer.command, "the command"), code(answer.python, "the same in Python"));
      this.button.disabled = false;
    } catch (reason) {
      fill(this.shown, h("p", { class: "wrong" }, reason.message));
      this.button.disabled = true;
    }
  }

  async go() {
    if (this.isBusy) return;
    const megabytes = [...this.wells.values()].flatMap((each) => each.files).reduce((sum, file) => sum + file.size, 0) / 2 ** 20;
    if (megabytes > MOST_MEGABYTES) {
      fill(this.result, h("p", { class: "wrong", role: "alert" }, `That is ${Math.round(megabytes)} MB, and ${MOST_MEGABYTES} can be dropped here. Write its path below instead.`));
      return;
    }
    this.isBusy = true;
    const form = new FormData();
    const typed = this.address.value.trim();
    form.append("form", JSON.stringify({ options: this.chosen(), addresses: typed ? [typed] : [] }));
    for (const [key, each] of this.wells) {
      if (each.text) { if (each.text.value.trim()) form.append(key, each.text.value); } else each.files.forEach((file) => form.append(key, file, file.name));
    }
    this.button.disabled = true;
    this.seen = null;
    this.way = this.between?.isWay ? this.between.told.bind(this.between) : null;
    fill(this.result, h("p", { class: "soft busy" }, "It loads what was learned …"));
    try {
      this.number = (await upload(`/api/try/${encoded(this.subject)}`, form)).try;
      sessionStorage.setItem(this.key, JSON.stringify([this.number, this.way ? [this.between.from.value, this.between.to.value] : null]));
      await this.watch();
    } catch (reason) { if (reason.name !== "AbortError") fill(this.result, h("p", { class: "wrong", role: "alert" }, reason.message)); }
    this.isBusy = false;
    this.button.disabled = false;
  }

  get key() { return `onward-try:${this.subject}`; }

  async watch() {
    this.halt.hidden = false;
    try { await this.wait(); } finally { this.halt.hidden = true; }
  }

  /** Show what this tab asked for before it was refreshed, or left for another page. */
  async again() {
    const [number, way] = JSON.parse(sessionStorage.getItem(this.key) ?? "[]");
    if (!number) return;
    this.number = number;
    if (way) this.between?.set(way);
    this.way = way ? this.between?.told.bind(this.between) : null;
    this.isBusy = true;
    try { await this.watch(); } catch { sessionStorage.removeItem(this.key); }
    this.isBusy = false;
  }

  async wait() {
    while (!this.signal.aborted) {
      const state = await get(`/api/tries/${this.number}`, this.signal);
      if (!state.running) { this.draw(state); return; }
      const last = state.log.trim().split("\n").at(-1);
      const told = h("p", { class: "soft busy" }, `${Math.round(state.seconds)} s  ${last}`);
      const seen = `${state.files.length} ${state.said.length}`;
      if (seen === this.seen && this.result.firstChild) this.result.firstChild.replaceWith(told);
      else fill(this.result, told, this.output(state));
      this.seen = seen;
      await new Promise((done) => { setTimeout(done, 500); });
    }
  }

  draw(state) {
    if (state.code !== 0) {
      fill(this.result, h("p", { class: "wrong" }, state.code < 0 ? "Stopped." : state.log.trim().split("\n").at(-1)), state.said ? h("pre", {}, state.said) : null);
      return;
    }
    const told = state.log.trim().split("\n").filter((line) => !/^\d+ files in |^Nothing\.$/.test(line)).at(-1) ?? "";
    fill(this.result, h("p", { class: "soft" }, `${state.seconds.toFixed(1)} s. ${told}`), this.output(state));
  }

  output(state) {
    const isSingle = (file) => /^\d+\.png$/.test(file.name);
    const isSaid = (file) => file.words !== undefined && file.words.trim() === state.said.trim();
    const large = state.files.filter((file) => !isSingle(file) && !isSaid(file)), small = state.files.filter(isSingle);
    return [state.said.trim() ? h("pre", { class: "said", tabindex: 0, "aria-label": "What it said" }, state.said) : null,
      this.way && small.length > 1 && !state.running ? reel(small, this.task.name, this.way(small.length)) : null,
      large.map((file) => h("figure", {}, exhibit({ ...file, shown: file.kind }, `${this.task.name}: ${words(file.name)}`),
        h("figcaption", {}, h("a", { href: file.link, download: file.name }, file.name)))),
      small.length ? h("details", { open: !large.length && !this.way }, h("summary", {}, `${small.length} single pictures`), h("div", { class: "strip" }, small.map((file) => h("img", { src: file.link, alt: `${this.task.name}: ${file.name}`, loading: "lazy" })))) : null];
  }
}
