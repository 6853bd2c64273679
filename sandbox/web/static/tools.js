/** What stands in the head: commands, the next request, killing the bot, the wire; and which parts are hidden. */
import { ask } from "./connection.js";
import { byId, make, say } from "./dom.js";
import { notice } from "./notices.js";

const PHONE = matchMedia("(max-width: 760px)");

/** A part that a button shows and hides; hidden, it is out of reach. */
class Panel {
  constructor(button, part, changed = () => {}) {
    this.button = button;
    this.part = part;
    this.changed = changed;
    this.open = false;
    button.onclick = () => this.toggle(!this.open);
    part.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.open) return;
      event.stopPropagation();
      this.toggle(false);
      button.focus();
    });
  }

  toggle(open) {
    this.open = open;
    this.button.setAttribute("aria-expanded", open);
    this.part.hidden = !open;
    this.part.inert = !open;
    this.changed(open);
  }
}

export class Tools {
  #state;

  constructor(state, wire) {
    this.#state = state;
    this.commands = new Panel(byId("commands"), byId("command-list"), () => this.listCommands());
    this.wire = new Panel(byId("wire-button"), byId("wire"), (open) => {
      document.body.classList.toggle("with-wire", open);
      wire.open = open;
      if (open && PHONE.matches) this.more.toggle(false);
    });
    byId("wire-close").onclick = () => {
      this.wire.toggle(false);
      (PHONE.matches ? byId("more") : byId("wire-button")).focus();
    };
    byId("kill").onclick = () => this.#kill();
    byId("next").onchange = async (event) => {
      const answer = await ask("next", { choice: event.target.value });
      if (answer.error) notice(say(answer.error));
      byId("next").value = this.#state.next;
    };
    this.#fold();
    document.addEventListener("pointerdown", (event) => this.#outside(event));
  }

  /** Put the cursor where a person begins to write; on a phone that would open its keyboard. */
  begin() {
    if (!PHONE.matches && document.activeElement === document.body) byId("text").focus();
  }

  /** Show what a new snapshot says. */
  load() {
    const { choices } = this.#state;
    byId("next").replaceChildren(...choices.map((one) => make("option", { value: one }, say(`choice-${one}`))));
    byId("next-label").hidden = choices.length === 0;
    byId("costs").hidden = !this.#state.costs;
    this.next();
  }

  /** Show what stands for the next request. */
  next() {
    byId("next").value = this.#state.next;
  }

  /** Close what lies over the messages. */
  closeAll() {
    this.commands.toggle(false);
    if (PHONE.matches) {
      this.chats.toggle(false);
      this.more.toggle(false);
    }
  }

  /** On a phone, the list of chats and the tools lie behind buttons. */
  #fold() {
    this.chats = new Panel(byId("open-chats"), byId("sidebar"), (open) => {
      byId("main").inert = PHONE.matches && open;
      byId("wire").inert = !this.wire.open || (PHONE.matches && open);
      if (open) byId("chats").querySelector("[aria-current]")?.focus();
    });
    this.more = new Panel(byId("more"), byId("tools"), (open) => open || this.commands.toggle(false));
    const adapt = () => {
      this.chats.toggle(!PHONE.matches);
      this.more.toggle(!PHONE.matches);
    };
    PHONE.addEventListener("change", adapt);
    adapt();
  }

  #outside(event) {
    const inside = (...parts) => parts.some((part) => part.contains(event.target));
    if (this.commands.open && !inside(byId("command-list"), byId("commands"))) this.commands.toggle(false);
    if (!PHONE.matches) return;
    if (this.more.open && !inside(byId("tools"), byId("more"), byId("command-list"))) this.more.toggle(false);
    if (this.chats.open && !inside(byId("sidebar"))) this.chats.toggle(false);
  }

  /** Show the commands as they are registered now, where they are shown at all. */
  async listCommands() {
    if (!this.commands.open) return;
    const { chat, speaker, bot } = this.#state;
    const list = byId("command-list");
    const answer = await fetch(`/commands?${new URLSearchParams({ chat: chat.id, speaker })}`).catch(() => null);
    const commands = answer?.ok ? await answer.json() : [];
    const buttons = commands.map(({ command, description }) => {
      const button = make("button", { type: "button" }, make("b", {}, `/${command}`), " ", make("span", {}, description));
      button.onclick = () => {
        this.closeAll();
        byId("text").focus();
        this.#send(chat.speakers.length > 1 ? `/${command}@${bot.username}` : `/${command}`);
      };
      return button;
    });
    list.replaceChildren(...(buttons.length ? buttons : [make("p", { class: "empty" }, say("no-commands"))]));
    list.querySelector("button")?.focus();
  }

  async #send(text) {
    const form = new FormData();
    const { chat, speaker } = this.#state;
    for (const [name, value] of Object.entries({ chat: chat.id, speaker, text })) form.set(name, value);
    const answer = await ask("send", form);
    if (answer.error) notice(say(answer.error));
  }

  async #kill() {
    const answer = await ask("kill", {});
    if (answer.error) notice(say(answer.error));
  }
}
