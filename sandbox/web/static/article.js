/** One message, or one album, as an article; an edit changes only what differs. */
import { clock, icon, make, say } from "./dom.js";
import { patchKeyboard } from "./keyboard.js";
import { mediaOf } from "./media.js";
import { richText } from "./richtext.js";

const REPLY = "M10 8V4.5L3.5 11l6.5 6.5V14c5 0 8 1.5 10.5 5-.800-6-4-11-10.5-11z";
const PENCIL = "M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3";
const BIN = "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13";
const QUOTED = 120;

export class Article {
  #parts = {};
  #shown = {};
  #context;

  /** context: state, press, reply, edit, remove, open, goTo. */
  constructor(context) {
    this.#context = context;
    this.messages = new Map();
    const part = (name, tag = "div", properties = {}) =>
      (this.#parts[name] = make(tag, { class: name, hidden: true, ...properties }));
    const bubble = make("div", { class: "bubble" }, part("author"), part("quote", "a"), part("media"), part("text"));
    bubble.append(make("div", { class: "foot" }, part("reactions"), part("meta")));
    const body = make("div", { class: "body" }, bubble, part("keyboard"));
    this.element = make("article", { tabIndex: -1 }, body, part("actions"));
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
    this.#show("author", [author, named], (part) => {
      part.dataset.tint = String(first.from % 7);
      return named ? [author] : [];
    });
    this.#show("quote", this.#quoted(), (part, quoted) => this.#quote(part, quoted));
    const media = this.list.filter((one) => one.media);
    this.#show("media", media.map((one) => one.media.file), () => mediaOf(media, this.#context.open));
    const text = first.service && !main.text ? say("service-message", { kind: first.service.replaceAll("_", " ") }) : main.text;
    this.#show("text", [text, main.entities], () => (text ? richText(text, main.entities) : []));
    this.#show("reactions", first.reactions ?? [], (_, all) => all.map((one) => make("span", {}, one)));
    this.#show("meta", [edited, first.at], () => [edited ? `${say("edited")} ` : "", clock(first.at)]);
    this.element.classList.toggle("bare", media.length > 0 && !text && !named && this.#parts.quote.hidden);
    this.#keyboard(main);
    this.#actions(own);
  }

  #set(name, value, change) {
    const text = JSON.stringify(value);
    if (this.#shown[name] === text) return;
    this.#shown[name] = text;
    change();
  }

  #show(name, value, children) {
    this.#set(name, value, () => {
      const part = this.#parts[name];
      part.replaceChildren(...children(part, value));
      part.hidden = part.childNodes.length === 0;
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

  #quote(part, quoted) {
    if (!quoted) return [];
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
    this.#set("keyboard", keyed.keyboard ?? [], () =>
      patchKeyboard(this.#parts.keyboard, keyed.keyboard ?? [], (button, element) =>
        this.#context.press(keyed, button, element),
      ),
    );
  }

  #actions(own) {
    this.#show("actions", [own, Boolean(this.list[0].service)], () => {
      if (this.list[0].service) return [];
      const button = (key, path, act) => {
        const one = make("button", { type: "button", "aria-label": say(key), title: say(key) }, icon(path));
        one.onclick = () => act(this);
        return one;
      };
      const all = [button("reply", REPLY, this.#context.reply)];
      if (own) all.push(button("edit-message", PENCIL, this.#context.edit), button("delete", BIN, this.#context.remove));
      return all;
    });
  }
}
