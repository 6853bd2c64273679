/** The list of chats, and the head of the open one. */
import { byId, clock, make, say } from "./dom.js";

export class Chats {
  #state;
  #list = byId("chats");
  #choose;
  #entries = new Map();
  #action = 0;

  constructor(state, choose) {
    this.#state = state;
    this.#choose = choose;
  }

  /** Show all chats and the head anew. */
  load() {
    this.#entries.clear();
    const items = this.#state.chats.map((chat) => {
      const title = this.#state.title(chat);
      const preview = make("span", { class: "preview", id: `preview-${chat.key}` });
      const time = make("time");
      const button = make(
        "button",
        { type: "button", "aria-label": title, "aria-describedby": preview.id },
        make("span", { class: "face", "aria-hidden": "true", "data-kind": chat.key }, [...title][0]),
        make("span", { class: "lines" }, make("span", { class: "top" }, make("b", {}, title), time), preview),
      );
      button.onclick = () => this.#choose(chat.key);
      this.#entries.set(chat.id, { button, preview, time });
      return make("li", {}, button);
    });
    this.#list.replaceChildren(...items);
    for (const chat of this.#state.chats) this.news(chat.id);
    this.head();
  }

  /** Show the last message of a chat in the list. */
  news(chatId) {
    const entry = this.#entries.get(chatId);
    const last = [...(this.#state.messages.get(chatId)?.values() ?? [])].at(-1);
    if (!entry) return;
    const kind = last?.media ? say(`quoted-${last.media.kind}`) : "";
    entry.preview.textContent = last ? last.text.split("\n", 1)[0] || kind : "";
    entry.time.textContent = last ? clock(last.at) : "";
  }

  /** Show whose chat is open, and who may speak in it. */
  head() {
    const { chat } = this.#state;
    const title = this.#state.title(chat);
    byId("name").textContent = title;
    byId("face").textContent = [...title][0];
    byId("face").dataset.kind = chat.key;
    for (const [id, entry] of this.#entries) {
      if (id === chat.id) entry.button.setAttribute("aria-current", "true");
      else entry.button.removeAttribute("aria-current");
    }
    const select = byId("speaker");
    const people = chat.speakers.map((id) => make("option", { value: id }, this.#state.people.get(id).name));
    select.replaceChildren(...people);
    select.value = this.#state.speaker;
    byId("speaker-label").hidden = chat.speakers.length < 2;
    this.about();
  }

  /** Show what the bot is doing in the open chat. */
  about(action = "") {
    clearTimeout(this.#action);
    const idle = this.#state.chat.speakers.length > 1 ? "members" : this.#state.alive ? "bot-online" : "bot-offline";
    byId("about").textContent = say(action ? `action-${action}` : idle);
    byId("about").classList.toggle("busy", Boolean(action));
    if (action) this.#action = setTimeout(() => this.about(), 5500);
  }
}
