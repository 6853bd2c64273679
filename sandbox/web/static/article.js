/** One message, or one album, as an article; an edit changes only what differs. */
import { clock, make, say } from "./dom.js";
import { patchKeyboard } from "./keyboard.js";
import { mediaOf } from "./media.js";
import { richText } from "./richtext.js";

const QUOTED = 120;

const ORDER = ["author", "quote", "media", "text", "foot"];
const BUTTONS = ["reply", "edit-message", "delete"];

export class Article {
  #parts = {};
  #shown = {};
  #context;
  #bubble = make("div", { class: "bubble" });
  #body = make("div", { class: "body" }, this.#bubble);

  /** context: state, press, open, goTo, and what the buttons do by their keys. */
  constructor(context) {
    this.#context = context;
    this.messages = new Map();
    this.element = make("article", { tabIndex: -1 }, this.#body);
  }

  /** A part of the article; it is made when it is first needed, for most messages need few. */
  #part(name) {
    if (!this.#parts[name]) {
      const part = (this.#parts[name] = make(name === "quote" ? "a" : "div", { class: name }));
      if (name === "keyboard") this.#body.append(part);
      else if (name === "actions") this.element.append(part);
      else if (name === "reactions") this.#part("foot").prepend(part);
      else if (name === "meta") this.#part("foot").append(part);
      else {
        const after = ORDER.slice(ORDER.indexOf(name) + 1).map((other) => this.#parts[other]);
        this.#bubble.insertBefore(part, after.find(Boolean) ?? null);
      }
    }
    return this.#parts[name];
  }

  get first() {
    return Math.min(...this.messages.keys());
  }

  get main() {
    const all = this.list;
    return all.find((one) => one.text) ?? all[0];
  }

  get list() {
    return [...this.messages.values()].sort((a, b) => a.id - b.id);
  }

  get writer() {
    return this.list[0].from;
  }

  /** Show the messages as they stand now. */
  render() {
    const { state } = this.#context;
    const [first, main] = [this.list[0], this.main];
    const own = first.from === state.speaker;
    const author = state.author(first, say("you"));
    const edited = this.list.some((one) => one.edited);
    this.element.classList.toggle("own", own);
    this.element.classList.toggle("bot", first.from === state.bot.id);
    this.element.classList.toggle("is-edited", edited);
    this.element.classList.toggle("service", Boolean(first.service));
    this.#set("label", [author, first.at, edited], () => {
      const label = `${author}, ${clock(first.at)}${edited ? `, ${say("edited")}` : ""}`;
      this.element.setAttribute("aria-label", label);
    });
    const named = state.chat.speakers.length > 1 && !own;
    this.#show("author", named && author, () => {
      this.#part("author").dataset.tint = String(first.from % 7);
      return [author];
    });
    const quoted = this.#quoted();
    this.#show("quote", quoted, () => this.#quote(quoted));
    const media = this.list.filter((one) => one.media);
    const files = media.map((one) => one.media.file);
    this.#show("media", files.length && files, () => mediaOf(media, this.#context.open));
    const text = first.service && !main.text ? say("service-message", { kind: first.service.replaceAll("_", " ") }) : main.text;
    this.#show("text", text && [text, main.entities], () => richText(text, main.entities));
    const reactions = this.list.flatMap((one) => one.reactions ?? []);
    this.#show("reactions", reactions.length && reactions, () => reactions.map((one) => make("span", {}, one)));
    this.#show("meta", [edited, first.at], () => [edited ? `${say("edited")} ` : "", clock(first.at)]);
    const plays = media.some((one) => one.media.kind !== "photo");
    this.element.classList.toggle("bare", media.length > 0 && !text && !named && !quoted);
    this.element.classList.toggle("plays", plays);
    this.element.classList.toggle("floats", Boolean(text) && !reactions.length);
    this.#keyboard(main);
    this.#actions(own);
  }

  #set(name, value, change) {
    const text = JSON.stringify(value);
    if (this.#shown[name] === text) return;
    this.#shown[name] = text;
    change();
  }

  /** Show a part with these children, or not at all where its value is nothing. */
  #show(name, value, children) {
    if (!value && !this.#parts[name]) return;
    this.#set(name, value || null, () => {
      const part = this.#part(name);
      part.replaceChildren(...(value ? children() : []));
      part.hidden = !value;
    });
  }

  /** What this answers: author and the beginning of the words. */
  #quoted() {
    const { state } = this.#context;
    const number = this.list[0].reply;
    if (!number) return null;
    const target = state.messages.get(this.list[0].chat)?.get(number);
    if (!target) return { number: 0, author: "", text: say("quoted-gone") };
    const kind = target.media ? `quoted-${target.media.kind}` : "";
    const text = target.text.replace(/\s+/g, " ").trim().slice(0, QUOTED) || (kind ? say(kind) : "");
    return { number, author: state.author(target, say("you")), text, shown: target.media?.shown };
  }

  #quote(quoted) {
    const part = this.#part("quote");
    part.removeAttribute("href");
    if (quoted.number) part.href = `#message-${quoted.number}`;
    part.onclick = (event) => {
      event.preventDefault();
      this.#context.goTo(quoted.number);
    };
    const picture = quoted.shown ? make("img", { src: `/media/${quoted.shown}`, alt: "", role: "presentation" }) : null;
    const words = make("span", {}, make("b", {}, quoted.author), make("span", { class: "words" }, quoted.text));
    return picture ? [picture, words] : [words];
  }

  #keyboard(main) {
    const keyed = this.list.find((one) => one.keyboard) ?? main;
    if (!keyed.keyboard && !this.#parts.keyboard) return;
    this.#set("keyboard", keyed.keyboard ?? [], () =>
      patchKeyboard(this.#part("keyboard"), keyed.keyboard ?? [], (button, element) =>
        this.#context.press(keyed, button, element),
      ),
    );
  }

  #actions(own) {
    const keys = this.list[0].service ? [] : own ? BUTTONS : BUTTONS.slice(0, 1);
    this.#show("actions", keys.length && keys, () =>
      keys.map((key) => {
        const one = make("button", { type: "button", class: key, "aria-label": say(key), title: say(key) });
        one.onclick = () => this.#context[key](this);
        return one;
      }),
    );
  }
}
