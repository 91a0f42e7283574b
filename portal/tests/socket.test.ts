import { beforeEach, describe, expect, it } from "vitest";
import { EventLink, type Frame, type Link, type SocketWorld, type Wire } from "../src/core/socket";

/** A world whose time is a number and whose sockets are opened by hand. */
class World implements SocketWorld {
  time = 0;
  wires: (Wire & { path: string; sent: string[]; closed: boolean })[] = [];
  #timers = new Map<number, { at: number; what: () => void }>();
  #ids = 0;

  open(path: string): Wire {
    const wire = {
      path,
      sent: [] as string[],
      closed: false,
      onopen: null,
      onmessage: null,
      onclose: null,
      send(text: string) {
        this.sent.push(text);
      },
      close() {
        this.closed = true;
      },
    };
    this.wires.push(wire);
    return wire;
  }

  now = () => this.time;
  random = () => 0.5;

  after(ms: number, what: () => void): () => void {
    const id = ++this.#ids;
    this.#timers.set(id, { at: this.time + ms, what });
    return () => this.#timers.delete(id);
  }

  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, one]) => one.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.time = due[1].at;
      due[1].what();
    }
    this.time = end;
  }

  get wire() {
    const wire = this.wires.at(-1);
    if (wire === undefined) throw new Error("nothing was opened");
    return wire;
  }

  say(frame: object): void {
    this.wire.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const HELLO = { type: "hello", heartbeat_s: 20, streams: { dom_1: 7 } };
const event = (seq: number): Frame => ({
  type: "message.created",
  stream: "dom_1",
  seq,
  subject: `msg_${seq}`,
});

describe("the event socket", () => {
  let world: World;
  let frames: Frame[];
  let links: Link["state"][];
  let refreshes: number;
  let ended: number;
  let link: EventLink;

  beforeEach(() => {
    world = new World();
    frames = [];
    links = [];
    refreshes = 0;
    ended = 0;
    link = new EventLink(world, {
      frame: (frame) => frames.push(frame),
      link: (state) => links.push(state.state),
      refresh: () => {
        refreshes += 1;
      },
      ended: () => {
        ended += 1;
      },
    });
    link.start(null);
  });

  it("is live once it was greeted, and has everything read anew the first time", () => {
    expect(links).toEqual([]);
    world.say(HELLO);
    expect(links).toEqual(["live"]);
    expect(refreshes).toBe(1);
  });

  it("is stale when a heartbeat is overdue, though no close event came", () => {
    world.say(HELLO);
    world.pass(22_000);
    expect(links.at(-1)).toBe("live");
    world.pass(1_500);
    expect(links.at(-1)).toBe("stale");
    expect(world.wires[0]?.closed).toBe(true);
  });

  it("goes on where it was after a lost connection, and reads nothing anew", () => {
    world.say(HELLO);
    world.say(event(8));
    world.wire.onclose?.({ code: 1006 });
    world.pass(2_000);
    expect(world.wires).toHaveLength(2);
    expect(world.wire.path).toBe("/v1/events?cursor=dom_1%3A8");
    world.say({ ...HELLO, streams: { dom_1: 8 } });
    world.say(event(9));
    expect(frames.map((one) => one.seq)).toEqual([8, 9]);
    expect(refreshes).toBe(1);
  });

  it("begins where it is told to, and then has nothing read anew", () => {
    link.stop();
    link.start("dom_1:5,operations:2");
    expect(world.wire.path).toBe(`/v1/events?cursor=${encodeURIComponent("dom_1:5,operations:2")}`);
    world.say({ ...HELLO, streams: { dom_1: 5, operations: 2 } });
    world.say(event(6));
    expect(frames.map((one) => one.seq)).toEqual([6]);
    expect(links.at(-1)).toBe("live");
    expect(refreshes).toBe(0);
  });

  it("shows an event once, however often it is sent", () => {
    world.say(HELLO);
    world.say(event(8));
    world.say(event(8));
    world.say(event(7));
    expect(frames).toHaveLength(1);
  });

  it("reads everything anew when what was missed is gone", () => {
    world.say(HELLO);
    world.say({ type: "resync", streams: { dom_1: 100 } });
    expect(refreshes).toBe(2);
  });

  it("is stale the moment the browser says it is offline, and comes back when it says so", () => {
    world.say(HELLO);
    link.offline();
    expect(links.at(-1)).toBe("stale");
    link.wake();
    world.say(HELLO);
    expect(links.at(-1)).toBe("live");
  });

  it("waits longer after each failure, but never long", () => {
    world.say(HELLO);
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      world.wire.onclose?.({ code: 1006 });
      const before = world.time;
      const opened = world.wires.length;
      while (world.wires.length === opened) world.pass(100);
      waits.push(world.time - before);
    }
    expect(waits[0]).toBeLessThanOrEqual(600);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20_100);
  });

  it("asks who is logged in when the credential has ended", () => {
    world.say(HELLO);
    world.wire.onclose?.({ code: 4001 });
    expect(ended).toBe(1);
    expect(links.at(-1)).toBe("stale");
  });

  it("passes over what is no frame, and what comes on a connection it has left", () => {
    world.say(HELLO);
    const left = world.wire;
    left.onmessage?.({ data: "{" });
    left.onclose?.({ code: 1006 });
    left.onmessage?.({ data: JSON.stringify(event(8)) });
    expect(frames).toEqual([]);
  });

  it("sends nothing while it is not live", () => {
    expect(link.send({ type: "activity" })).toBe(false);
    world.say(HELLO);
    expect(link.send({ type: "activity" })).toBe(true);
    expect(world.wire.sent).toEqual(['{"type":"activity"}']);
  });
});
