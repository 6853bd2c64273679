/** What the server has said, and what this tab has chosen: open chat and speaker. */

const CHAT = "pho2video-chat";
const SPEAKER = "pho2video-speaker";

const remembered = (key) => sessionStorage.getItem(key) ?? localStorage.getItem(key);

function remember(key, value) {
  sessionStorage.setItem(key, value);
  localStorage.setItem(key, value);
}

export class State {
  bot = { id: 0, name: "", username: "" };
  people = new Map();
  chats = [];
  messages = new Map();
  next = "works";
  choices = [];
  costs = false;
  alive = false;
  requests = new Map();
  wire = new Map();

  /** Take a snapshot in place of everything. */
  load(snapshot) {
    const { bot, chats, next, choices, costs, alive } = snapshot;
    Object.assign(this, { bot, chats, next, choices, costs, alive });
    this.people = new Map(snapshot.people.map((person) => [person.id, person]));
    this.messages = new Map(
      chats.map((chat) => [chat.id, new Map((snapshot.messages[chat.id] ?? []).map((one) => [one.id, one]))]),
    );
    this.requests = new Map(snapshot.requests.map((request) => [request.number, request]));
    this.wire = new Map(snapshot.wire.map((entry) => [entry.number, entry]));
  }

  /** The open chat. */
  get chat() {
    return this.chats.find((chat) => chat.key === remembered(CHAT)) ?? this.chats[0];
  }

  openChat(key) {
    remember(CHAT, key);
  }

  /** Who speaks in the open chat. */
  get speaker() {
    const chosen = this.chat.speakers[Number(remembered(SPEAKER) ?? 0)];
    return chosen ?? this.chat.speakers[0];
  }

  speakAs(id) {
    remember(SPEAKER, this.chat.speakers.indexOf(id));
  }

  title(chat) {
    return chat.title ?? this.bot.name;
  }

  /** The messages of the open chat by number, in order. */
  get open() {
    return this.messages.get(this.chat.id);
  }

  /** The name of a message's author, as the speaker sees it. */
  author(message, you) {
    if (message.from === this.speaker) return you;
    if (message.from === this.bot.id) return this.bot.name;
    return this.people.get(message.from)?.name ?? message.name ?? "";
  }
}
