/** Who is logged in. The secret is in a cookie that no script reads; here is what the engine says of it. */
import { create } from "zustand";
import { ApiProblem, api, type Me, ok, onSessionEnded, Unreachable, type User } from "./api";
import { forgetStore, openStore } from "./store";
import { lookForNewVersion } from "./version";

export type Session =
  | { state: "starting" }
  | { state: "unreachable" }
  | { state: "out"; ended: boolean }
  | { state: "in"; me: Me; user: User };

export const useSession = create<{ session: Session }>(() => ({ session: { state: "starting" } }));

/** What the pages of a logged-in user may rely on. Throws where nobody is. */
export function useMe(): { me: Me; user: User } {
  const session = useSession((store) => store.session);
  if (session.state !== "in") throw new Error("nobody is logged in");
  return session;
}

export const currentUserId = (): string | undefined => {
  const { session } = useSession.getState();
  return session.state === "in" ? session.user.id : undefined;
};

let asked = 0;

/** Ask the engine who we are. What was asked last is what holds. */
export async function resume(): Promise<void> {
  const turn = ++asked;
  try {
    const me = await ok(api.GET("/v1/me"));
    if (turn === asked) enter(me);
  } catch (error) {
    if (turn !== asked) return;
    if (error instanceof ApiProblem && error.status === 401) leave(false);
    else if (useSession.getState().session.state !== "in") show({ state: "unreachable" });
  }
}

/** Throws ApiProblem: `login_failed`, `password_change_required`, `rate_limited`, ... */
export async function logIn(name: string, password: string, newPassword?: string): Promise<void> {
  const body = {
    name,
    password,
    give: "cookie" as const,
    ...(newPassword ? { new_password: newPassword } : {}),
  };
  const [newer] = await Promise.all([lookForNewVersion(), ok(api.POST("/v1/login", { body }))]);
  if (newer) {
    // There is nothing here yet that could be lost, and parts of an old page may be gone from the server.
    location.reload();
    return new Promise(() => undefined);
  }
  asked++; // what was asked before was about nobody
  enter(await ok(api.GET("/v1/me")));
}

/** End the session here and at the engine, and forget what this browser kept. */
export async function logOut(): Promise<void> {
  const userId = currentUserId();
  try {
    await ok(api.POST("/v1/logout"));
  } catch (error) {
    if (error instanceof Unreachable) throw error;
  }
  if (userId !== undefined) await forgetStore(userId);
  leave(false);
}

/** Whose news, lists and words this page has in its memory. */
let remembered: string | undefined;

function enter(me: Me): void {
  if (me.user === null) {
    // A server's credential has no person behind it, and these pages are for people.
    show({ state: "out", ended: false });
    return;
  }
  if (remembered !== undefined && remembered !== me.user.id) {
    // Nobody sees anything of whoever was here before.
    location.reload();
    return;
  }
  remembered = me.user.id;
  if (currentUserId() !== me.user.id) openStore(me.user.id);
  show({ state: "in", me, user: me.user });
}

function leave(ended: boolean): void {
  show({ state: "out", ended });
}

function show(session: Session): void {
  useSession.setState({ session });
}

onSessionEnded(() => {
  if (useSession.getState().session.state === "in") leave(true);
});
