/** The log: articles in order; it follows what is new only while the person is at its end. */
import { Article } from "./article.js";
import { byId, make, say } from "./dom.js";

const NEAR = 80;
const NEWEST = 60;

export class Messages {
  #log = byId("log");
  #list = make("div", { id: "list" });
  #empty = make("p", { class: "empty" });
  #button = byId("to-end");
  #articles = new Map();
  #order = [];
  #context;
  #follows = true;

  constructor(context) {
    this.#context = { ...context, goTo: (number) => this.goTo(number) };
    this.#log.append(this.#list);
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#button.onclick = () => {
      this.toEnd();
      this.#log.focus({ preventScroll: true });
    };
    const sizes = new ResizeObserver(() => this.#follows && this.toEnd());
    sizes.observe(this.#list);
    sizes.observe(this.#log);
  }

  /** Show all messages of the open chat anew. */
  load() {
    this.#articles.clear();
    this.#order = [];
    for (const message of this.#context.state.open.values()) this.#place(message);
    for (const article of this.#order) article.render();
    this.#order.forEach((article, index) => {
      this.#join(index);
      article.element.classList.toggle("far", index < this.#order.length - NEWEST);
    });
    this.#list.replaceChildren(...this.#order.map((article) => article.element));
    this.#checkEmpty();
    this.toEnd();
  }

  /** Show one message as it stands now; a new one of the speaker's brings its end into sight. */
  show(message) {
    const known = this.#articles.get(this.#key(message));
    const fresh = !known?.messages.has(message.id);
    const article = this.#place(message);
    article.render();
    if (!known) {
      const index = this.#order.indexOf(article);
      this.#list.insertBefore(article.element, this.#order[index + 1]?.element ?? null);
      this.#join(index);
      this.#join(index + 1);
      this.#checkEmpty();
    }
    if (this.#follows || (fresh && message.from === this.#context.state.speaker)) this.toEnd();
    else if (fresh) this.#button.classList.add("news");
  }

  /** Take a deleted message away. */
  remove(number) {
    const article = [...this.#articles.values()].find((one) => one.messages.has(number));
    if (!article) return;
    article.messages.delete(number);
    if (article.messages.size) {
      article.render();
      return;
    }
    const held = article.element.contains(document.activeElement);
    const index = this.#order.indexOf(article);
    this.#order.splice(index, 1);
    for (const [key, one] of this.#articles) if (one === article) this.#articles.delete(key);
    article.element.remove();
    this.#join(index);
    this.#join(index - 1);
    this.#checkEmpty();
    if (held) byId("text").focus();
  }

  /** Scroll to the newest message, and follow from now on. */
  toEnd() {
    this.#follows = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#button.hidden = true;
    this.#button.classList.remove("news");
  }

  /** Scroll to a message and mark it for a moment. */
  goTo(number) {
    const article = [...this.#articles.values()].find((one) => one.messages.has(number));
    if (!article) return;
    article.element.scrollIntoView({ block: "center" });
    article.element.focus({ preventScroll: true });
    article.element.classList.add("found");
    setTimeout(() => article.element.classList.remove("found"), 1500);
  }

  #scrolled() {
    this.#follows = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
    this.#button.hidden = this.#follows;
  }

  #key(message) {
    return message.album ? `album-${message.album}` : message.id;
  }

  /** The article that a message belongs to, with the message in it. */
  #place(message) {
    const key = this.#key(message);
    let article = this.#articles.get(key);
    if (!article) {
      article = new Article(this.#context);
      article.element.id = `message-${message.id}`;
      this.#articles.set(key, article);
      let at = this.#order.length;
      while (at > 0 && this.#order[at - 1].first > message.id) at--;
      this.#order.splice(at, 0, article);
    }
    article.messages.set(message.id, message);
    return article;
  }

  /** Messages of one author that follow each other stand closer together; the last has the tail. */
  #join(index) {
    const article = this.#order[index];
    if (!article) return;
    const [before, after] = [this.#order[index - 1], this.#order[index + 1]];
    article.element.classList.toggle("first", before?.writer !== article.writer);
    article.element.classList.toggle("last", after?.writer !== article.writer);
    if (before) before.element.classList.toggle("last", before.writer !== article.writer);
  }

  #checkEmpty() {
    const { state } = this.#context;
    this.#empty.textContent = say(state.chat.speakers.length > 1 ? "no-messages-group" : "no-messages");
    if (this.#order.length) this.#empty.remove();
    else this.#list.append(this.#empty);
  }
}
