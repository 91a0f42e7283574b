/**
 * The event socket: resumes where it was, and never looks alive when it is not.
 *
 * A browser whose network goes away fires no close event for minutes, so the server's heartbeats are
 * timed here: one that is overdue makes the link stale at once and has it opened anew. The class knows
 * no page: time and sockets are handed in, and its `Link` is what a page shows.
 */

export type Frame = { type: string; [field: string]: unknown };

/**
 * live: what the page shows is up to date. stale: it may not be; `since` says from when.
 * connecting: the first connection is still being made. ended: the session is over.
 */
export type Link = { state: "connecting" | "live" | "stale" | "ended"; since: number };

export interface Wire {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface SocketWorld {
  open(path: string): Wire;
  now(): number;
  /** Call back after so many milliseconds; gives what undoes it. */
  after(ms: number, what: () => void): () => void;
  random(): number;
}

export interface SocketReader {
  /** A frame with news: an event, or a moment nobody keeps. */
  frame(frame: Frame): void;
  link(link: Link): void;
  /** All may have changed: read everything anew. */
  refresh(): void;
  /** The credential is not accepted any more. */
  ended(): void;
}

/** A heartbeat may be this late before the link counts as dead, in ms. */
const GRACE_MS = 3_000;
/** How long an opened socket may take to say hello, in ms. */
const HELLO_WITHIN_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 20_000;
const CREDENTIAL_ENDED = 4001;
const SLOW_READER = 4008;

function positionsOf(cursor: string): Record<string, number> {
  const positions = cursor.split(",").map((one) => {
    const colon = one.lastIndexOf(":");
    return [one.slice(0, colon), Number(one.slice(colon + 1))];
  });
  return Object.fromEntries(positions);
}

export class EventLink {
  readonly #world: SocketWorld;
  readonly #reader: SocketReader;
  #wire: Wire | undefined;
  #link: Link;
  #cursor: Record<string, number> | undefined;
  #heartbeatMs = 20_000;
  #failures = 0;
  #cancelTimer: (() => void) | undefined;
  #stopped = true;

  constructor(world: SocketWorld, reader: SocketReader) {
    this.#world = world;
    this.#reader = reader;
    this.#link = { state: "connecting", since: world.now() };
  }

  /** cursor: where to resume, as `/v1/me` says it; null reads everything anew once the socket is open. */
  start(cursor: string | null): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#cursor = cursor === null ? undefined : positionsOf(cursor);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
    // The next start has a new wire, which takes nothing before it is open.
    this.#show("connecting");
  }

  /** The network is gone, as far as the browser knows. */
  offline(): void {
    if (this.#stopped) return;
    this.#drop();
    this.#show("stale");
    this.#retryIn(LAST_RETRY_MS);
  }

  /** The network is back, or somebody looks at the page again: do not wait for the next try. */
  wake(): void {
    if (this.#stopped || this.#link.state === "live") return;
    this.#failures = 0;
    this.#connect();
  }

  /** Whether it went out; nothing is kept for later. */
  send(frame: Frame): boolean {
    if (this.#link.state !== "live" || this.#wire === undefined) return false;
    this.#wire.send(JSON.stringify(frame));
    return true;
  }

  #connect(): void {
    this.#drop();
    const cursor = Object.entries(this.#cursor ?? {})
      .map(([stream, seq]) => `${stream}:${seq}`)
      .join(",");
    const wire = this.#world.open(cursor ? `/v1/events?cursor=${encodeURIComponent(cursor)}` : "/v1/events");
    this.#wire = wire;
    wire.onmessage = (event) => {
      if (wire === this.#wire && typeof event.data === "string") this.#take(event.data);
    };
    wire.onclose = (event) => {
      if (wire === this.#wire) this.#closed(event.code);
    };
    this.#deadline(HELLO_WITHIN_MS);
  }

  #take(text: string): void {
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    if (frame.type === "hello" || frame.type === "subscribed") {
      const first = this.#cursor === undefined;
      if (typeof frame.heartbeat_s === "number") this.#heartbeatMs = frame.heartbeat_s * 1000;
      this.#failures = 0;
      this.#advance(frame);
      this.#show("live");
      if (first) this.#reader.refresh();
    } else if (frame.type === "heartbeat") {
      this.#advance(frame);
    } else if (frame.type === "resync") {
      this.#advance(frame);
      this.#reader.refresh();
    } else {
      if (typeof frame.seq === "number" && typeof frame.stream === "string") {
        if (frame.seq <= (this.#cursor?.[frame.stream] ?? 0)) return;
        this.#cursor = { ...this.#cursor, [frame.stream]: frame.seq };
      }
      this.#reader.frame(frame);
    }
    this.#deadline(this.#heartbeatMs + GRACE_MS);
  }

  #advance(frame: Frame): void {
    const streams = frame.streams as Record<string, number> | undefined;
    this.#cursor = { ...this.#cursor, ...streams };
  }

  #closed(code: number): void {
    this.#drop();
    if (code === CREDENTIAL_ENDED) {
      this.#show("stale");
      this.#reader.ended();
    } else {
      this.#show("stale");
    }
    this.#failures += 1;
    const wait = code === SLOW_READER ? 0 : FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10);
    this.#retryIn(Math.min(wait, LAST_RETRY_MS) * (0.5 + this.#world.random()));
  }

  #deadline(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#world.after(ms, () => this.#closed(1006));
  }

  #retryIn(ms: number): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#world.after(ms, () => this.#connect());
  }

  /** Let go of the wire; what it still says is not listened to. */
  #drop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.close();
  }

  #show(state: Link["state"]): void {
    if (this.#link.state === state) return;
    if (this.#link.state === "connecting" && state === "stale" && this.#cursor === undefined) {
      // Never connected yet: there is nothing on the page that could be stale.
      if (this.#failures < 1) return;
    }
    this.#link = { state, since: this.#world.now() };
    this.#reader.link(this.#link);
  }
}
