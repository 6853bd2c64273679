/** Photos, videos and files of a message or an album. */
import { bytes, icon, make, say } from "./dom.js";

const WIDTH = 420;
const HEIGHT = 420;
const DOWN = "M12 4v11m-5-4.5 5 5 5-5M5 20h14";

/** The address of a file's bytes, to be saved under its name. */
const saved = (media, name) => `/media/${media.file}/${encodeURIComponent(name)}`;

/** The elements of everything that an album's messages hold. */
export function mediaOf(messages, open) {
  const seen = messages.filter((one) => one.media.kind === "photo" || one.media.kind === "video");
  const files = messages.filter((one) => !seen.includes(one));
  const parts = files.map((one) => file(one.media));
  if (seen.length) parts.unshift(mosaic(seen, open));
  return parts;
}

function mosaic(messages, open) {
  const box = make("div", { class: `mosaic of-${Math.min(messages.length, 5)}` });
  messages.forEach((message, index) => {
    const { media } = message;
    const label = messages.length > 1 ? say("photo-n", { n: index + 1, count: messages.length }) : say("photo");
    box.append(media.kind === "photo" ? photo(media, label, open) : video(media, message.id));
  });
  if (messages.length === 1) fit(box, messages[0].media);
  return box;
}

/** Give a single picture its room before its bytes are there. */
function fit(box, media) {
  const [width, height] = [media.width || 16, media.height || 9];
  const scale = Math.min(WIDTH / width, HEIGHT / height);
  box.style.width = `${Math.max(180, Math.round(width * scale))}px`;
  box.style.aspectRatio = `${width} / ${height}`;
}

function photo(media, label, open) {
  const image = make("img", { src: `/media/${media.shown}`, alt: label, draggable: false, decoding: "async" });
  const link = make("a", { href: `/media/${media.file}`, target: "_blank", class: "photo" }, image);
  link.onclick = (event) => {
    event.preventDefault();
    open(media, label);
  };
  return link;
}

function video(media, number) {
  const film = make("video", { src: `/media/${media.file}`, controls: true, preload: "metadata", playsInline: true });
  film.setAttribute("aria-label", say("video"));
  if (media.thumbnail) film.poster = `/media/${media.thumbnail}`;
  const name = media.name || `video-${number}.mp4`;
  const save = make(
    "a",
    { href: saved(media, name), download: name, class: "save", "aria-label": say("download-video"), title: name },
    icon(DOWN),
  );
  return make("div", { class: "film" }, film, save);
}

function file(media) {
  const name = media.name || say("file");
  return make(
    "a",
    { href: saved(media, name), download: name, class: "file" },
    make("span", { class: "disc", "aria-hidden": "true" }, icon(DOWN)),
    make("span", { class: "what" }, make("b", {}, name), " ", make("small", {}, bytes(media.size))),
  );
}
