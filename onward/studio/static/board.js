// A board to play on: against a trained player, as it was at any moment of its training.

import { name as encoded, post } from "./api.js";
import { duration, fill, h } from "./dom.js";

const ROUND = { connect_four: "four", go: "go", othello: "othello", tic_tac_toe: "marks", mnk: "marks", hex: "hex" };

export async function showBoard(place, run, signal, complain) {
  const board = new Board(place, run, signal, complain);
  await board.begin();
}

class Board {
  constructor(place, run, signal, complain) {
    Object.assign(this, { run, signal, complain, moves: [], mine: 0, busy: false, thought: null });
    this.grid = h("div", { class: "board", role: "grid", onkeydown: (event) => this.walk(event) });
    this.other = h("div", { class: "row" });
    this.said = h("p", { class: "verdict", role: "status" }, "It loads what was learned …");
    this.belief = h("div", { class: "belief", hidden: true });
    this.moment = h("input", { type: "range", id: "moment", min: 0, max: 0, value: 0, oninput: () => this.tell() });
    this.looks = h("input", { type: "range", id: "looks", min: 0, max: 11, value: 6, oninput: () => this.tell() });
    this.side = h("select", { id: "side", onchange: () => this.restart() }, h("option", { value: 0 }, "you begin"), h("option", { value: 1 }, "it begins"));
    this.early = h("small", {}, "The player as it was: from the very beginning to the end of its training.");
    this.momentTold = h("output", { for: "moment" });
    this.looksTold = h("output", { for: "looks" });
    const button = (label, call) => h("button", { type: "button", onclick: call }, label);
    this.buttons = h("div", { class: "row" }, button("New game", () => this.restart()), button("Take back", () => this.undo()), button("Hint", () => this.hint()), button("Let it play itself", () => this.alone()));
    this.list = h("p", { class: "soft moves" });
    fill(place, h("div", { class: "two" }, h("div", {}, this.said, this.grid, this.other, this.belief),
      h("aside", { class: "card" }, h("h2", {}, "Whom you play"),
        h("div", { class: "field" }, h("label", { for: "moment" }, "training time ", this.momentTold), this.moment, this.early),
        h("div", { class: "field" }, h("label", { for: "looks" }, "positions looked at ", this.looksTold), this.looks, h("small", {}, "For a move. One is the bare network, without search.")),
        h("div", { class: "field" }, h("label", { for: "side" }, "sides"), this.side), this.buttons, this.list)));
  }

  get after() {
    const place = Number(this.moment.value);
    return place >= (this.document?.moments ?? []).length ? null : this.document.moments[place];
  }

  get simulations() { return 2 ** Number(this.looks.value); }

  tell() {
    this.momentTold.textContent = this.after === null ? "all of it" : this.after === 0 ? "none" : duration(this.after);
    this.looksTold.textContent = String(this.simulations);
    this.moment.setAttribute("aria-valuetext", this.momentTold.textContent);
    this.looks.setAttribute("aria-valuetext", this.looksTold.textContent);
  }

  async ask(more) {
    this.document = await post(`/api/play/${encoded(this.run)}`, { moves: this.moves, simulations: this.simulations, after: this.after, ...more }, this.signal);
    this.moves = this.document.actions;
    this.moment.max = this.document.moments.length;
    if (!this.asked) this.moment.value = this.moment.max;
    this.moment.disabled = !this.document.moments.length;
    if (this.moment.disabled) this.early.textContent = "This run kept no earlier players.";
    this.asked = true;
    this.tell();
    this.draw();
  }

  async busily(work) {
    if (this.busy) return;
    this.busy = true;
    this.grid.classList.add("busy");
    try { await work(); } catch (reason) { this.complain(reason); if (reason.name !== "AbortError") this.said.textContent = reason.message; }
    this.busy = false;
    this.grid.classList.remove("busy");
  }

  begin() { return this.busily(async () => { await this.ask({}); await this.answerIfItsTurn(); }); }

  restart() {
    this.mine = Number(this.side.value);
    this.moves = [];
    this.thought = null;
    return this.begin();
  }

  async answerIfItsTurn() {
    const { to_play: mover } = this.document;
    if (mover === null) { this.said.textContent = this.outcome(); return; }
    if (mover === this.mine) { this.said.textContent = `Your move: ${this.document.sides[this.mine]}.`; return; }
    this.said.textContent = `${this.document.sides[mover]} thinks …`;
    await this.ask({ reply: true });
    this.thought = null;
    this.showBelief(mover);
    this.said.textContent = this.document.to_play === null ? this.outcome() : `It played ${this.document.replied}. Your move: ${this.document.sides[this.mine]}.`;
    if (this.document.to_play !== null && this.document.to_play !== this.mine) await this.answerIfItsTurn();
  }

  showBelief(mover) {
    const value = this.document.thought?.value;
    this.belief.hidden = value === undefined;
    if (value === undefined) return;
    const first = 50 + 50 * (mover === 0 ? value : -value);
    fill(this.belief, h("span", {}, `${this.document.sides[0]} ${Math.round(first)} %`), h("span", { class: "scale" }, h("i", { style: { width: `${first}%` } })), h("span", {}, `${this.document.sides[1]} ${Math.round(100 - first)} %`));
    this.belief.className = `belief of-${ROUND[this.document.game.split("(")[0]] ?? ""}`;
    this.belief.setAttribute("aria-label", `It believes: ${this.belief.textContent}`);
  }

  outcome() {
    const result = this.mine === 0 ? this.document.result : -this.document.result;
    return result > 0 ? "You win." : result < 0 ? "It wins." : "A draw.";
  }

  move(action) {
    if (this.document.to_play !== this.mine) return;
    this.busily(async () => {
      this.moves = [...this.moves, action];
      this.thought = null;
      await this.ask({});
      await this.answerIfItsTurn();
    });
  }

  undo() {
    const kept = this.moves.length - (this.document.to_play === this.mine ? 2 : 1);
    if (kept < 0) return;
    this.moves = this.moves.slice(0, kept);
    this.thought = null;
    this.begin();
  }

  hint() {
    this.busily(async () => {
      if (this.document.to_play === null) return;
      await this.ask({ hint: true });
      this.thought = this.document.thought;
      const best = this.thought.legal.find((each) => each.action === this.thought.best);
      this.said.textContent = `It would play ${best.name}.`;
      this.showBelief(this.thought.to_play);
      this.draw();
    });
  }

  alone() {
    this.busily(async () => {
      while (this.document.to_play !== null && !this.signal.aborted) {
        const mover = this.document.to_play;
        await this.ask({ reply: true });
        this.showBelief(mover);
        this.said.textContent = `${this.document.sides[mover]}: ${this.document.replied}`;
        await new Promise((done) => { setTimeout(done, 350); });
      }
      const { result, sides } = this.document;
      this.said.textContent = result > 0 ? `${sides[0]} wins.` : result < 0 ? `${sides[1]} wins.` : "A draw.";
    });
  }

  draw() {
    const { rows, columns, board, legal, sides, title, game, last, to_play: mover } = this.document;
    const kind = ROUND[game.split("(")[0]] ?? (rows * columns > 1 ? "othello" : "none");
    const at = (row, column) => legal.find((move) => (move.row === undefined ? move.column === column : move.row === row && move.column === column));
    const shares = new Map((this.thought?.legal ?? []).map((move, number) => [move.action, this.thought.policy[number]]));
    const lastMove = this.lastCell();
    this.grid.className = `board ${kind}${this.busy ? " busy" : ""}`;
    this.grid.setAttribute("aria-label", `${title}. ${mover === null ? "The game is over." : `${sides[mover]} to move.`}`);
    this.grid.style.setProperty("--columns", columns);
    this.grid.style.setProperty("--rows", rows);
    const cell = (owner, row, column) => {
      const move = at(row, column), share = move ? shares.get(move.action) : undefined;
      const holds = owner === 1 ? sides[0] : owner === -1 ? sides[1] : "empty";
      const edges = `${row === 0 ? " up" : ""}${row === rows - 1 ? " down" : ""}${column === 0 ? " left" : ""}${column === columns - 1 ? " right" : ""}`;
      const isLast = lastMove && lastMove[0] === row && lastMove[1] === column;
      return h("button", { type: "button", role: "gridcell", class: `cell${edges}${move && mover === this.mine ? " free" : ""}`, style: { "--shift": row }, "data-row": row, "data-column": column, tabindex: row === Math.floor(rows / 2) && column === Math.floor(columns / 2) ? 0 : -1,
        "aria-label": `row ${row + 1} column ${column + 1}, ${holds}${move ? `, move ${move.name}` : ""}`, "aria-disabled": String(!move), onclick: () => move && this.move(move.action) },
      owner ? h("span", { class: `stone ${owner === 1 ? "first" : "second"}${isLast ? " last" : ""}` }) : null,
      share > 0.005 && !owner && (move.row !== undefined || this.lands(row, column)) ? h("span", { class: "share", style: { "--share": share } }, `${Math.round(100 * share)}`) : null);
    };
    const hadFocus = this.grid.contains(document.activeElement) ? document.activeElement.dataset : null;
    fill(this.grid, kind === "none" ? h("pre", {}, this.document.text) : board.map((line, row) => h("div", { role: "row", class: "line", style: { "--shift": row } }, line.map((owner, column) => cell(owner, row, column)))));
    if (hadFocus) this.focus(Number(hadFocus.row), Number(hadFocus.column));
    const loose = legal.filter((move) => move.row === undefined && (move.column === undefined || kind === "none"));
    fill(this.other, mover === this.mine ? loose.slice(0, 80).map((move) => h("button", { type: "button", onclick: () => this.move(move.action) }, move.name)) : null);
    this.list.textContent = this.document.moves.length ? this.document.moves.map((name, number) => `${number + 1}. ${name}`).join(" · ") : "";
    void last;
  }

  lands(row, column) {
    const { board } = this.document;
    return board[row][column] === 0 && (row === board.length - 1 || board[row + 1][column] !== 0);
  }

  lastCell() {
    const { board } = this.document;
    const before = this.before;
    this.before = board.map((line) => [...line]);
    if (before && before.length === board.length) {
      for (let row = 0; row < board.length; row += 1) {
        for (let column = 0; column < board[row].length; column += 1) if (board[row][column] && !before[row][column]) this.marked = [row, column];
      }
    }
    if (!this.moves.length) this.marked = undefined;
    return this.marked;
  }

  focus(row, column) { this.grid.querySelector(`[data-row="${row}"][data-column="${column}"]`)?.focus(); }

  walk(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const { row, column } = event.target.dataset;
    if (!step || row === undefined) return;
    event.preventDefault();
    this.focus(Number(row) + step[0], Number(column) + step[1]);
  }
}
