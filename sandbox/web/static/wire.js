/** The log of calls: each as it happens, under the request it belongs to, its parameters to unfold. */
import { byId, make, say } from "./dom.js";

const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

export class Wire {
  #state;
  #log = byId("wire-log");
  #groups = new Map();
  #entries = new Map();
  #open = false;

  constructor(state) {
    this.#state = state;
  }

  /** Begin or cease to show; while hidden nothing is built. */
  set open(open) {
    this.#open = open;
    if (open) this.load();
  }

  load() {
    if (!this.#open) return;
    this.#groups.clear();
    this.#entries.clear();
    this.#log.replaceChildren();
    for (const entry of this.#state.wire.values()) this.#place(entry);
    if (!this.#state.wire.size) this.#log.append(make("p", { class: "empty" }, say("wire-empty")));
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** Show an entry as it stands now. */
  show(entry) {
    if (!this.#open) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#log.querySelector(".empty")?.remove();
    this.#place(entry);
    if (scrollHeight - scrollTop - clientHeight < 60) this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** Show a request's title. */
  title(request) {
    const group = this.#groups.get(request.number);
    if (group) group.heading.textContent = this.#title(request.number);
  }

  #title(number) {
    if (!number) return say("wire-general");
    return this.#state.requests.get(number)?.title || say("wire-untitled", { n: number });
  }

  #group(number) {
    let group = this.#groups.get(number);
    if (!group) {
      const heading = make("h3", {}, this.#title(number));
      const list = make("ol");
      group = { heading, list };
      this.#groups.set(number, group);
      this.#log.append(make("section", { "data-number": number }, heading, list));
    }
    return group;
  }

  #place(entry) {
    let shown = this.#entries.get(entry.number);
    if (!shown) {
      shown = new Call();
      this.#entries.set(entry.number, shown);
    }
    shown.show(entry);
    const { list } = this.#group(entry.request);
    for (const row of [shown.element, ...shown.events]) if (row.parentNode !== list) insert(list, row);
  }
}

/** Put a row where its time says; most are the newest. */
function insert(list, row) {
  let next = null;
  for (let last = list.lastChild; last && Number(last.dataset.at) > Number(row.dataset.at); last = last.previousSibling) {
    next = last;
  }
  list.insertBefore(row, next);
}

/** One call: a line that unfolds, and the events of its stream as lines of their own. */
class Call {
  events = [];
  #time = make("time");
  #label = make("b");
  #result = make("span", { class: "result" });
  #details = make("details", {}, make("summary", {}, this.#time, " ", this.#label, " ", this.#result));
  #body = make("div", { class: "unfolded" });
  #entry = null;

  constructor() {
    this.element = make("li", {}, this.#details);
    this.#details.append(this.#body);
    this.#details.ontoggle = () => this.#unfold();
  }

  show(entry) {
    this.#entry = entry;
    this.#time.textContent = TIME.format(entry.at);
    this.#label.textContent = entry.label;
    this.#result.textContent = this.#said(entry);
    this.element.className = `${entry.service}${entry.status === null || (entry.status >= 200 && entry.status < 300 && !entry.note) ? "" : " failed"}`;
    this.element.dataset.at = entry.at;
    this.events.push(...entry.events.slice(this.events.length).map(line));
    this.#unfold();
  }

  #said(entry) {
    if (entry.status === null) return say("wire-open");
    return [entry.status || say("wire-dropped"), entry.note].filter(Boolean).join(" · ");
  }

  #unfold() {
    if (!this.#details.open) return;
    const { params, result } = this.#entry;
    const parts = [make("h4", {}, say("wire-params")), make("pre", {}, pretty(params))];
    if (result !== null) parts.push(make("h4", {}, say("wire-result")), make("pre", {}, pretty(result)));
    this.#body.replaceChildren(...parts);
  }
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function line(event) {
  const data = typeof event.data === "string" ? event.data : JSON.stringify(event.data);
  const row = make("li", { class: "event", "data-at": String(event.at) }, make("time", {}, TIME.format(event.at)), " ", make("b", {}, event.name), " ", make("code", {}, data));
  return row;
}
