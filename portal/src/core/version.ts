/**
 * Whether the server has newer pages than the ones that run here.
 *
 * Names of scripts hold a hash of all they are made of, so the server's page names other scripts exactly when
 * something has changed. It is looked at whenever the event socket comes back, since nobody is upgraded without a
 * restart, and when a part of the page cannot be loaded. Nothing is loaded anew by itself: somebody may be writing.
 */
import { create } from "zustand";

export const useNewVersion = create<{ ready: boolean }>(() => ({ ready: false }));

let looking: Promise<boolean> | undefined;

/** Whether there is one. False too where nobody answers, or something else than our page does. */
export function lookForNewVersion(): Promise<boolean> {
  looking ??= look().finally(() => {
    looking = undefined;
  });
  return looking;
}

async function look(): Promise<boolean> {
  if (useNewVersion.getState().ready) return true;
  const ours = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src");
  const theirs = await scriptOfTheServer();
  const ready = theirs !== undefined && ours != null && theirs !== ours;
  if (ready) useNewVersion.setState({ ready });
  return ready;
}

/** What its page starts with: an address with a hash. */
async function scriptOfTheServer(): Promise<string | undefined> {
  try {
    const answer = await fetch("/", { headers: { Accept: "text/html" }, cache: "no-cache" });
    const page = answer.ok ? await answer.text() : "";
    return /<script\b[^>]*\ssrc="(\/assets\/[^"]+)"/.exec(page)?.[1];
  } catch {
    return undefined;
  }
}
