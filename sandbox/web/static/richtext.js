/** Formatted text as elements; offsets are in UTF-16 code units, as JavaScript counts. */
import { make } from "./dom.js";

const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const LINKS = {
  url: (text) => text,
  text_link: (_, value) => value,
  email: (text) => `mailto:${text}`,
};
const MARKS = new Set(["bot_command", "mention", "hashtag", "cashtag", "text_mention", "phone_number"]);

/** The nodes of a text with its entities: [kind, offset, length, value?]. */
export function richText(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a[1] - b[1] || b[2] - a[2]);
  return nodes(text, sorted, 0, text.length);
}

function nodes(text, entities, from, to) {
  const made = [];
  let at = from;
  for (let index = 0; index < entities.length; index++) {
    const [kind, offset, length, value] = entities[index];
    const end = Math.min(offset + length, to);
    if (offset < at || offset >= to || end <= offset) continue;
    if (offset > at) made.push(plain(text, at, offset));
    const inner = entities.slice(index + 1).filter((other) => other[1] >= offset && other[1] + other[2] <= end);
    made.push(wrap(kind, value, text.slice(offset, end), nodes(text, inner, offset, end)));
    at = end;
    // A quotation and a block of code stand on lines of their own.
    if ((kind === "pre" || kind.endsWith("blockquote")) && text[at] === "\n") at += 1;
  }
  if (at < to) made.push(plain(text, at, to));
  return made;
}

const plain = (text, from, to) => document.createTextNode(text.slice(from, to));

function wrap(kind, value, text, children) {
  if (kind in LINKS) return link(LINKS[kind](text, value), children);
  if (kind === "spoiler") return spoiler(children);
  if (MARKS.has(kind)) return make("span", { class: "mark" }, children);
  return make(TAGS[kind] ?? "span", {}, children);
}

function link(address, children) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !["http:", "https:", "mailto:"].includes(url.protocol)) return make("span", { class: "mark" }, children);
  return make("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, children);
}

function spoiler(children) {
  const span = make("span", { class: "spoiler", tabIndex: 0 }, children);
  span.onclick = () => span.classList.add("seen");
  return span;
}
