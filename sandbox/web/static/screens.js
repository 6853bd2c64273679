/** Every screen of the bot, in all languages side by side, drawn as in the chat. */
import { byId, make } from "./dom.js";
import { patchKeyboard } from "./keyboard.js";
import { richText } from "./richtext.js";

const screens = await (await fetch("/screens.json")).json();
const sections = Map.groupBy(screens, (one) => one.section);

for (const [section, cards] of sections) {
  const parts = [...Map.groupBy(cards, (card) => card.title)].map(([title, pair]) => [
    make("h3", {}, title),
    make("div", { class: "pair" }, pair.map(drawn)),
  ]);
  byId("screens").append(make("section", {}, make("h2", {}, section), parts.flat()));
}
document.body.dataset.ready = "true";

function drawn(card) {
  const keyboard = make("div", { class: "keyboard" });
  patchKeyboard(keyboard, card.keyboard, () => {});
  const bubble = make("div", { class: "bubble" }, make("div", { class: "text" }, richText(card.text, card.entities)));
  const name = `${card.title} (${card.language})`;
  return make("article", { lang: card.language, "aria-label": name }, make("div", { class: "body" }, bubble, keyboard));
}
