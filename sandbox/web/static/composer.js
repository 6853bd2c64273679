/** The composer: text, files, what is answered or edited. */
import { ask } from "./connection.js";
import { byId, bytes, icon, make, say } from "./dom.js";
import { notice } from "./notices.js";

const CROSS = "M6 6l12 12M18 6L6 18";
const TALLEST = 160;

export class Composer {
  #state;
  #form = byId("composer");
  #text = byId("text");
  #picker = byId("files");
  #asFiles = byId("as-files");
  #context = byId("context");
  #list = byId("attached");
  #files = [];
  #reply = 0;
  #edited = 0;
  #draft = "";
  #queue = Promise.resolve();

  constructor(state) {
    this.#state = state;
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.#text.onkeydown = (event) => this.#key(event);
    this.#text.oninput = () => this.#grow();
    this.#text.onpaste = (event) => this.#take(event, event.clipboardData);
    byId("attach").onclick = () => this.#picker.click();
    this.#picker.onchange = () => {
      this.#add([...this.#picker.files]);
      this.#picker.value = "";
    };
    this.#receiveDrops();
  }

  /** Answer a message. */
  reply(article) {
    this.#leaveEdit();
    this.#reply = article.main.id;
    const name = this.#state.author(article.list[0], say("you"));
    this.#explain(say("replying", { name }), article.main.text);
  }

  /** Change an own message. */
  edit(article) {
    if (!this.#edited) this.#draft = this.#text.value;
    this.#reply = 0;
    this.#edited = article.main.id;
    this.#text.value = article.main.text;
    this.#explain(say("editing"), article.main.text);
    this.#grow();
  }

  /** Nothing is answered or edited any more. */
  reset() {
    this.#leaveEdit();
    this.#reply = 0;
    this.#context.hidden = true;
    this.#context.replaceChildren();
  }

  #leaveEdit() {
    if (!this.#edited) return;
    this.#edited = 0;
    this.#text.value = this.#draft;
    this.#draft = "";
    this.#grow();
  }

  #explain(title, text) {
    const cross = make("button", { type: "button", class: "icon", "aria-label": say("cancel-reply") }, icon(CROSS));
    cross.onclick = () => {
      this.reset();
      this.#text.focus();
    };
    this.#context.replaceChildren(make("div", {}, make("b", {}, title), make("span", {}, text)), cross);
    this.#context.hidden = false;
    this.#text.focus();
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && !this.#context.hidden) {
      event.preventDefault();
      this.reset();
    }
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, TALLEST)}px`;
  }

  #take(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.#add(files);
  }

  #receiveDrops() {
    const main = byId("main");
    const hint = byId("drop");
    main.ondragover = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      hint.hidden = false;
    };
    main.ondragleave = (event) => {
      if (!main.contains(event.relatedTarget)) hint.hidden = true;
    };
    main.ondrop = (event) => {
      hint.hidden = true;
      this.#take(event, event.dataTransfer);
    };
  }

  #add(files) {
    this.#files.push(...files.map((file) => ({ file, url: URL.createObjectURL(file) })));
    this.#showFiles();
    this.#text.focus();
  }

  #showFiles() {
    const items = this.#files.map((one) => {
      const remove = make(
        "button",
        { type: "button", class: "icon", "aria-label": say("remove-file", { name: one.file.name }) },
        icon(CROSS),
      );
      remove.onclick = () => {
        URL.revokeObjectURL(one.url);
        this.#files = this.#files.filter((other) => other !== one);
        this.#showFiles();
        this.#text.focus();
      };
      const picture = make("img", { src: one.url, alt: "" });
      picture.onerror = () => picture.replaceWith(make("span", { class: "disc", "aria-hidden": "true" }, "📄"));
      const title = `${one.file.name}, ${bytes(one.file.size)}`;
      return make("li", { title }, picture, make("span", {}, one.file.name), remove);
    });
    this.#list.replaceChildren(...items);
    this.#list.hidden = items.length === 0;
  }

  #submit() {
    const text = this.#text.value;
    if (this.#edited) {
      const touch = { speaker: this.#state.speaker, chat: this.#state.chat.id, message: this.#edited, text };
      this.#do("edit", touch);
    } else if (text.trim() || this.#files.length) {
      this.#do("send", this.#parcel(text));
      this.#text.value = "";
      this.#clearFiles();
    } else return;
    this.reset();
    this.#grow();
    this.#text.focus();
  }

  #parcel(text) {
    const form = new FormData();
    const fields = { speaker: this.#state.speaker, chat: this.#state.chat.id, text, as_files: this.#asFiles.checked };
    if (this.#reply) fields.reply_to = this.#reply;
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    for (const { file } of this.#files) form.append("file", file, file.name);
    return form;
  }

  #clearFiles() {
    for (const { url } of this.#files) URL.revokeObjectURL(url);
    this.#files = [];
    this.#asFiles.checked = false;
    this.#showFiles();
  }

  /** Messages go out one after the other, in the order they were written. */
  #do(action, body) {
    this.#queue = this.#queue.then(async () => {
      const answer = await ask(action, body);
      if (answer.error) notice(say(answer.error));
    });
  }
}
