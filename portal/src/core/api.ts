/**
 * The API as the pages call it: typed by its own description, with refusals as exceptions.
 *
 * `ok(api.GET(...))` gives the answer or throws: `ApiProblem` where the engine said no (decide by its
 * `code`, never by its words), `Unreachable` where nobody answered.
 */
import createClient from "openapi-fetch";
import type { components, paths } from "./wire";

export type Schemas = components["schemas"];
export type Me = Schemas["MeResource"];
export type User = Schemas["UserResource"];
export type Presence = Schemas["PresenceResource"];
export type Contact = Schemas["ContactResource"];
export type Conversation = Schemas["ConversationResource"];
export type Message = Schemas["MessageResource"];
export type TimelineItem = Schemas["TimelineItemResource"];
export type TimelinePage = Schemas["Timeline"];
export type DirectoryHit = Schemas["HitResource"];
export type Call = Schemas["CallResource"];

/** The engine refused. `code` is stable; `message` is the engine's English sentence. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterS: number | undefined;
  readonly requestId: string | undefined;

  constructor(status: number, body: Partial<Schemas["Problem"]>) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = body.code ?? "internal";
    this.field = body.field ?? undefined;
    this.retryable = body.retryable ?? status >= 500;
    this.retryAfterS = body.retry_after_s ?? undefined;
    this.requestId = body.request_id;
  }
}

/** Nobody answered: no network, or no server. */
export class Unreachable extends Error {
  constructor() {
    super("unreachable");
    this.name = "Unreachable";
  }
}

/** What a change made with the session's cookie has to carry; pages of other origins cannot send it. */
const PAGE_HEADER = { "X-Ringback-Page": "1" };

export const api = createClient<paths>({ baseUrl: "", credentials: "same-origin", headers: PAGE_HEADER });

type Answer<T> = { data?: T; error?: unknown; response: Response };

const endedListeners = new Set<() => void>();

/** Called when the engine says that the session is over. */
export function onSessionEnded(listener: () => void): () => void {
  endedListeners.add(listener);
  return () => endedListeners.delete(listener);
}

/** The answer's body. Throws ApiProblem or Unreachable. */
export async function ok<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (answer.response.ok) return answer.data as T;
  throw problemOf(answer.response, answer.error);
}

/** A refusal as an exception; also for requests that do not go through `api`. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const known = typeof body === "object" && body !== null ? (body as Partial<Schemas["Problem"]>) : {};
  const problem = new ApiProblem(response.status, known);
  if (response.status === 401 && problem.code !== "login_failed") {
    for (const listener of endedListeners) listener();
  }
  return problem;
}

/** `fetch` for what openapi-fetch does not do (uploads, downloads), with the same cookie and header. */
export async function raw(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    const headers = { ...PAGE_HEADER, ...(init.headers as Record<string, string> | undefined) };
    response = await fetch(path, { ...init, credentials: "same-origin", headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.ok) return response;
  throw problemOf(response, await response.json().catch(() => undefined));
}
