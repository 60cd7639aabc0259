// A new run: a task, data, minutes, settings; and always the command and the Python that they stand for.

import { get, post, tasks } from "./api.js";
import { code, fill, h } from "./dom.js";
import { settingsForm } from "./forms.js";

export async function showNew(place, [chosen], signal, complain) {
  const known = await tasks();
  if (!chosen) {
    fill(place, h("h1", {}, "What shall be learned?"), h("ul", { class: "cards" }, known.map((task) => h("li", {},
      h("a", { href: `#/new/${task.name}` }, h("b", {}, task.name), h("span", {}, task.summary), h("small", {}, task.takes))))));
    return;
  }
  const task = known.find((each) => each.name === chosen);
  if (!task) throw new Error(`There is no task ${chosen}.`);
  new NewRun(place, task, signal, complain).ask();
}

class NewRun {
  constructor(place, task, signal, complain) {
    Object.assign(this, { task, signal, complain });
    const changed = () => this.soon();
    this.data = h("input", { id: "data", name: "data", value: task.example, list: "examples", oninput: changed, "aria-describedby": "data-help", autocomplete: "off", spellcheck: "false" });
    this.time = h("input", { id: "time", name: "time", value: "2m", oninput: changed, size: 8, "aria-describedby": "time-help" });
    this.seed = h("input", { id: "seed", name: "seed", type: "number", min: 0, value: 0, oninput: changed });
    this.settings = settingsForm(task.settings, "set", changed);
    this.shown = h("div", { "aria-live": "polite" });
    this.found = h("div", { "aria-live": "polite" });
    this.button = h("button", { class: "primary" }, "Start");
    const quick = ["30s", "2m", "10m", "30m", "2h"].map((time) => h("button", { type: "button", class: "quiet", onclick: () => { this.time.value = time; changed(); } }, time));
    fill(place, h("div", { class: "head" }, h("h1", {}, task.name), h("a", { href: "#/new" }, "another task")), h("p", { class: "soft" }, task.summary),
      h("form", { class: "two", onsubmit: (event) => { event.preventDefault(); this.start(); } },
        h("div", {},
          h("div", { class: "field" }, h("label", { for: "data" }, "data"), h("div", { class: "joined" }, this.data, h("button", { type: "button", onclick: () => this.look() }, "Look at them")),
            h("datalist", { id: "examples" }, h("option", { value: task.example })), h("small", { id: "data-help" }, `${task.takes}. A path on this computer, or a name.`), this.found),
          h("div", { class: "field" }, h("label", { for: "time" }, "time"), h("div", { class: "row" }, this.time, quick), h("small", { id: "time-help" }, "All of it: reading, learning, measuring, the report.")),
          h("h2", {}, "Settings"), this.settings.element,
          h("div", { class: "field narrow" }, h("label", { for: "seed" }, "seed"), this.seed, h("small", {}, "The same seed and steps give the same run."))),
        h("aside", { class: "card sticky" }, h("h2", {}, "What this stands for"), this.shown, this.button)));
  }

  form() {
    return { task: this.task.name, data: this.data.value, time: this.time.value, seed: this.seed.value, settings: this.settings.values() };
  }

  soon() {
    clearTimeout(this.timer);
    if (!this.isBusy) this.timer = setTimeout(() => this.ask(), 250);
  }

  async ask() {
    try {
      const answer = await post("/api/command", this.form(), this.signal);
      if (this.isBusy) return; // what is shown by now is the start
      fill(this.shown, code(answer.command, "the command"), code(answer.python, "the same in Python"));
      this.button.disabled = false;
    } catch (reason) {
      if (this.isBusy) return;
      fill(this.shown, h("p", { class: "wrong" }, reason.message));
      this.button.disabled = true;
    }
  }

  async look() {
    fill(this.found, h("p", { class: "soft" }, "Looking …"));
    try {
      const answer = await post("/api/doctor", this.form(), this.signal);
      fill(this.found, h("ul", { class: "found" }, answer.findings.map((each) => h("li", {}, each))));
    } catch (reason) { fill(this.found, h("p", { class: "wrong" }, reason.message)); }
  }

  async start() {
    if (this.isBusy) return;
    this.isBusy = true;
    clearTimeout(this.timer);
    this.button.disabled = true;
    try {
      const { job } = await post("/api/start", this.form());
      fill(this.shown, h("p", {}, "It reads the data …"), h("pre", { class: "log", "aria-label": "What it says" }));
      await this.wait(job);
    } catch (reason) {
      if (reason.name !== "AbortError") fill(this.shown, h("p", { class: "wrong", role: "alert" }, reason.message));
      this.isBusy = this.button.disabled = false;
    }
  }

  async wait(job) {
    while (!this.signal.aborted) {
      const state = await get(`/api/jobs/${job}`, this.signal);
      if (state.run) { location.hash = `#/run/${encodeURIComponent(state.run)}`; return; }
      if (state.code !== null) throw new Error(state.words.trim().split("\n").at(-1) || "It ended without a word.");
      const log = this.shown.querySelector("pre");
      if (log) log.textContent = state.words;
      await new Promise((done) => { setTimeout(done, 600); });
    }
  }
}
