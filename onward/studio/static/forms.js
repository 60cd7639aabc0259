// Settings as fields: a slider where a number has two near ends, a choice where there are words to choose from.

import { h, words } from "./dom.js";

function field(entry, id, changed) {
  const label = words(entry.name);
  const shared = { id, name: entry.name, "aria-describedby": `${id}-help`, oninput: changed };
  const isAuto = entry.default === null;
  if (entry.choices.length || entry.kind === "bool") {
    const choices = entry.kind === "bool" ? ["yes", "no"] : entry.choices;
    const usual = entry.kind === "bool" ? { true: "yes", false: "no" }[entry.default] : entry.default;
    return [label, h("select", shared, isAuto ? h("option", { value: "" }, "auto") : null,
      choices.map((choice) => h("option", { value: choice === usual ? "" : choice, selected: choice === usual }, choice)))];
  }
  if (entry.kind === "str") return [label, entry.name === "prompt" ? h("textarea", { ...shared, rows: 3, placeholder: "auto" }) : h("input", { ...shared, type: "text", placeholder: entry.default || "auto", maxlength: 2000 })];
  const span = entry.high - entry.low;
  if (entry.kind === "float" && !isAuto && entry.low !== null && entry.high !== null && span <= 10) {
    const told = h("output", { for: id }, String(entry.default));
    const slider = h("input", { ...shared, type: "range", min: entry.low, max: entry.high, step: span <= 2 ? 0.01 : 0.05, value: entry.default, "data-usual": entry.default });
    const isOnIt = Math.abs(Number(slider.value) - entry.default) < 1e-9; // a tiny learning rate lies between its steps
    if (isOnIt) slider.addEventListener("input", () => { told.textContent = String(Number(Number(slider.value).toPrecision(3))); });
    if (isOnIt) return [[label, " ", told], slider];
  }
  return [label, h("input", { ...shared, type: "number", min: entry.low, max: entry.high, step: entry.kind === "int" ? 1 : "any", placeholder: isAuto ? "auto" : String(entry.default) })];
}

function fields(entries, prefix, changed) {
  return entries.map((entry) => {
    const id = `${prefix}-${entry.name}`;
    const [label, control] = field(entry, id, changed);
    return h("div", { class: "field" }, h("label", { for: id }, label), control, h("small", { id: `${id}-help` }, entry.help));
  });
}

/** Make a form's part of settings; `values()` gives what was changed. */
export function settingsForm(entries, prefix, changed) {
  const usual = entries.filter((entry) => !entry.rare), rare = entries.filter((entry) => entry.rare);
  const element = h("div", {}, h("div", { class: "fields" }, fields(usual, prefix, changed)),
    rare.length ? h("details", {}, h("summary", {}, "Rarely changed"), h("div", { class: "fields" }, fields(rare, prefix, changed))) : null);
  const values = () => {
    const found = {};
    for (const control of element.querySelectorAll("input, select, textarea")) {
      const isUsual = control.type === "range" && Number(control.value) === Number(control.dataset.usual);
      if (control.value !== "" && !isUsual) found[control.name] = control.value;
    }
    return found;
  };
  return { element, values };
}
