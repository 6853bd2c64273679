/** The page: puts its parts together and hands each change to the part that shows it. */
import { Chats } from "./chats.js";
import { Composer } from "./composer.js";
import { Connection, ask } from "./connection.js";
import { byId, say } from "./dom.js";
import { Messages } from "./messages.js";
import { alertBox, notice } from "./notices.js";
import { State } from "./state.js";
import { Tools } from "./tools.js";
import { Wire } from "./wire.js";

const state = new State();
const wire = new Wire(state);
const tools = new Tools(state, wire);
const composer = new Composer(state);
const messages = new Messages({
  state,
  press,
  open,
  reply: (article) => composer.reply(article),
  "edit-message": (article) => composer.edit(article),
  delete: remove,
});
const chats = new Chats(state, (key) => {
  state.openChat(key);
  composer.reset();
  tools.closeAll();
  chats.head();
  messages.load();
  byId("text").focus();
});

byId("speaker").onchange = (event) => {
  state.speakAs(Number(event.target.value));
  composer.reset();
  messages.load();
};

const CHANGES = {
  message({ message }) {
    state.messages.get(message.chat)?.set(message.id, message);
    if (message.chat === state.chat.id) messages.show(message);
    if (message.from === state.bot.id && message.chat === state.chat.id) chats.about();
    chats.news(message.chat);
  },
  deleted({ chat, id }) {
    state.messages.get(chat)?.delete(id);
    if (chat === state.chat.id) messages.remove(id);
    chats.news(chat);
  },
  action({ chat, action }) {
    if (chat === state.chat.id) chats.about(action);
  },
  wire({ entry }) {
    state.wire.set(entry.number, entry);
    wire.show(entry);
  },
  request({ request }) {
    state.requests.set(request.number, request);
    wire.title(request);
  },
  commands() {
    tools.listCommands();
  },
  next({ choice }) {
    state.next = choice;
    tools.next();
  },
  life({ alive, notice: key }) {
    state.alive = alive;
    chats.about();
    if (key) notice(say(key));
  },
};

new Connection({
  snapshot(snapshot) {
    state.load(snapshot);
    tools.load();
    chats.load();
    messages.load();
    wire.load();
    tools.begin();
    document.body.dataset.ready = "true";
  },
  change: (change) => CHANGES[change.t]?.(change),
  batch() {},
  state: (connected) => document.body.classList.toggle("offline", !connected),
});

/** Press an inline button; the bot's answer is a notice or an alert. */
async function press(message, button, element) {
  if (button.url) {
    window.open(button.url, "_blank", "noopener");
    return;
  }
  if (!button.data) {
    notice(say("button-elsewhere"));
    return;
  }
  element.setAttribute("aria-busy", "true");
  const touch = { speaker: state.speaker, chat: message.chat, message: message.id, data: button.data };
  const answer = await ask("press", touch);
  element.removeAttribute("aria-busy");
  if (answer.error) notice(say(answer.error));
  else if (answer.alert) alertBox(answer.text);
  else if (answer.text) notice(answer.text);
}

/** Delete all messages of an article. */
async function remove(article) {
  for (const message of article.list) {
    const answer = await ask("delete", { speaker: state.speaker, chat: message.chat, message: message.id });
    if (answer.error) notice(say(answer.error));
  }
}

/** Show a photo in full. */
function open(media, label) {
  const viewer = byId("viewer");
  const image = viewer.querySelector("img");
  image.src = `/media/${media.file}`;
  image.alt = label;
  viewer.onclick = (event) => event.target === viewer && viewer.close();
  viewer.showModal();
}
