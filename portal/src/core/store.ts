/**
 * What this browser keeps: outbox, drafts, window places, and the last pages seen.
 *
 * One IndexedDB database a user, so that two who share a browser never see each other's. A browser that
 * keeps nothing (private mode, a full disk) loses what a reload would have restored, and nothing else.
 */
import type { DBSchema, IDBPDatabase } from "idb";
import type { OutboxEntry } from "./outbox-rules";

interface Kept extends DBSchema {
  outbox: { key: string; value: OutboxEntry };
  drafts: { key: string; value: { conversation: string; text: string; at: string } };
  pages: { key: string; value: unknown };
}

let opened: Promise<IDBPDatabase<Kept> | undefined> | undefined;

export function openStore(userId: string): void {
  opened = import("idb")
    .then(({ openDB }) =>
      openDB<Kept>(`ringback.${userId}`, 1, {
        upgrade(database) {
          database.createObjectStore("outbox", { keyPath: "client_id" });
          database.createObjectStore("drafts", { keyPath: "conversation" });
          database.createObjectStore("pages");
        },
      }),
    )
    .catch(() => undefined);
}

/** Run something with the store; undefined where there is none or it failed. */
export async function withStore<T>(work: (store: IDBPDatabase<Kept>) => Promise<T>): Promise<T | undefined> {
  try {
    const store = await opened;
    return store === undefined ? undefined : await work(store);
  } catch {
    return undefined;
  }
}

/** Forget everything of everybody who logged in here; part of logging out. */
export async function forgetStore(userId: string): Promise<void> {
  await withStore(async (store) => store.close());
  opened = undefined;
  await new Promise<void>((done) => {
    const request = indexedDB.deleteDatabase(`ringback.${userId}`);
    request.onsuccess = request.onerror = request.onblocked = () => done();
  });
}
