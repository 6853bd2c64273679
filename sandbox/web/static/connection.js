/** The one WebSocket: a snapshot, then numbered changes; a new connection continues where the last one ended. */

const LONGEST_PAUSE = 2000;

export class Connection {
  #run = "";
  #number = -1;
  #pause = 100;
  #handlers;

  /** handlers: snapshot(state), change(change), batch() after several changes, state(connected). */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#open();
  }

  #open() {
    const address = new URL("/socket", location.href);
    address.protocol = "ws:";
    if (this.#run) address.search = new URLSearchParams({ run: this.#run, since: this.#number });
    const socket = new WebSocket(address);
    socket.onopen = () => {
      this.#pause = 100;
      this.#handlers.state(true);
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => {
      this.#handlers.state(false);
      setTimeout(() => this.#open(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    };
  }

  #take(message) {
    if (!Array.isArray(message)) {
      this.#run = message.run;
      this.#number = message.n;
      this.#handlers.snapshot(message);
      return;
    }
    for (const change of message) {
      if (change.n <= this.#number) continue;
      this.#number = change.n;
      this.#handlers.change(change);
    }
    this.#handlers.batch();
  }
}

/** Ask the server to do something; gives its answer, or an object with an error of the page's words. */
export async function ask(action, body) {
  const form = body instanceof FormData;
  try {
    const answer = await fetch(`/do/${action}`, {
      method: "POST",
      body: form ? body : JSON.stringify(body),
      headers: form ? {} : { "Content-Type": "application/json" },
    });
    return answer.headers.get("Content-Type")?.startsWith("application/json")
      ? await answer.json()
      : { error: "error-form" };
  } catch {
    return { error: "error-network" };
  }
}
