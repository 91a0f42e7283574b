import { beforeAll, expect, it, vi } from "vitest";
import type { Me } from "../src/core/api";
import type * as Session from "../src/core/session";

/** Requests that wait for an answer, oldest first. */
const waiting: ((answer: Response) => void)[] = [];
let session: typeof Session;

const me = (name: string) =>
  Response.json({ user: { id: "usr_1", display_name: name }, devices: [], numbers: [] } as unknown as Me);
const shown = () => {
  const now = session.useSession.getState().session;
  return now.state === "in" ? now.user.display_name : now.state;
};

async function answer(which: number, what: Response): Promise<void> {
  await vi.waitUntil(() => waiting.length > which);
  waiting[which]?.(what);
}

beforeAll(async () => {
  // Taken by the client when it is loaded.
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => waiting.push(resolve)));
  session = await import("../src/core/session");
});

it("shows what was asked last, whichever answer comes last", async () => {
  const asked = [session.resume(), session.resume()];
  await answer(1, me("Anna Berg"));
  await vi.waitUntil(() => shown() === "Anna Berg");
  await answer(0, me("Anna Adler"));
  await Promise.all(asked);
  expect(shown()).toBe("Anna Berg");
});
