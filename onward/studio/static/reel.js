// Single pictures one at a time, with a slider through them; and the two ends of a way through a latent space.

import { fill, h } from "./dom.js";

/** Show one of many pictures, all of which are loaded, so that the slider answers at once. */
export function reel(files, title, told = (place) => `picture ${place + 1} of ${files.length}`) {
  const pictures = files.map((file, place) => h("img", { src: file.link, alt: `${title}: ${told(place)}`, class: "exhibit", hidden: place > 0 }));
  const caption = h("figcaption", {}, told(0));
  const slider = h("input", { type: "range", min: 0, max: files.length - 1, value: 0, "aria-label": `${title}: which picture`, "aria-valuetext": told(0) });
  slider.addEventListener("input", () => {
    const place = Number(slider.value);
    pictures.forEach((picture, each) => { picture.hidden = each !== place; });
    caption.textContent = told(place);
    slider.setAttribute("aria-valuetext", told(place));
  });
  return h("figure", { class: "reel" }, h("div", { class: "frame" }, pictures), slider, caption);
}

const chance = () => Math.floor(Math.random() * 10000);

/** Ask for many pictures from one seed, or for the way between two. */
export class Between {
  constructor([from, to], changed, go) {
    this.names = [from, to];
    const seed = (id, label, value) => [h("label", { for: id }, label), h("input", { id, type: "number", min: 0, step: 1, value, oninput: changed })];
    const [fromLabel, fromField] = seed("way-from", "from seed", 0), [toLabel, toField] = seed("way-to", "to seed", 1);
    this.from = fromField;
    this.to = toField;
    const way = (value, label, checked) => h("label", { class: "choice" }, h("input", { type: "radio", name: "way", value, checked, onchange: () => { this.show(); changed(); } }), label);
    this.choices = h("div", { class: "row", role: "radiogroup", "aria-label": "What to draw" }, way("many", "many pictures", true), way("between", "the way between two"));
    this.further = h("button", { type: "button", onclick: () => { this.from.value = this.to.value; this.to.value = chance(); changed(); go(); } }, "On to another");
    this.end = h("span", { class: "row" }, toLabel, toField, this.further);
    this.element = h("div", { class: "card between" }, this.choices, h("div", { class: "row" }, fromLabel, fromField, h("button", { type: "button", class: "quiet", onclick: () => { this.from.value = chance(); changed(); } }, "by chance"), this.end));
    this.show();
  }

  set([from, to]) {
    this.choices.querySelector("[value=between]").checked = true;
    [this.from.value, this.to.value] = [from, to];
    this.show();
  }

  get isWay() { return this.choices.querySelector("[value=between]").checked; }

  show() { this.end.hidden = !this.isWay; fill(this.element.querySelector("label[for=way-from]"), this.isWay ? "from seed" : "seed"); }

  values() {
    const found = {};
    if (this.from.value !== "") found[this.names[0]] = this.from.value;
    if (this.isWay) found[this.names[1]] = this.to.value || "0";
    return found;
  }

  /** Say which place of the way a picture is. */
  told(many) {
    const [from, to] = [this.from.value || 0, this.to.value || 0];
    return (place) => (place === 0 ? `seed ${from}` : place === many - 1 ? `seed ${to}` : `${Math.round((100 * place) / (many - 1))} % of the way from seed ${from} to seed ${to}`);
  }
}
