/** Files on their way to a message: uploaded one by one, with how far each is, and a way to stop it. */
import { ApiProblem, problemOf, type Schemas } from "./api";
import { explain } from "./problems";

export type Upload = {
  key: string;
  name: string;
  octets: number;
  /** From 0 to 1. */
  progress: number;
  state: "uploading" | "ready" | "failed";
  attachmentId: string | null;
  /** Why it failed, in words. */
  reason: string;
  file: File;
  stop: () => void;
};

/** Send a file; `tell` hears of every change. */
export function upload(file: File, conversationId: string, tell: (upload: Upload) => void): Upload {
  const request = new XMLHttpRequest(); // fetch does not say how far an upload is
  let now: Upload = {
    key: crypto.randomUUID(),
    name: file.name || "file",
    octets: file.size,
    progress: 0,
    state: "uploading",
    attachmentId: null,
    reason: "",
    file,
    stop: () => request.abort(),
  };
  const change = (changes: Partial<Upload>) => {
    now = { ...now, ...changes };
    tell(now);
  };
  const query = new URLSearchParams({ filename: now.name, conversation_id: conversationId });
  request.open("POST", `/v1/attachments?${query}`);
  request.setRequestHeader("X-Ringback-Page", "1");
  request.setRequestHeader("Idempotency-Key", now.key);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.responseType = "json";
  request.upload.onprogress = (event) => change({ progress: event.total ? event.loaded / event.total : 0 });
  request.onload = () => {
    if (request.status === 201) {
      const made = request.response as Schemas["AttachmentResource"];
      change({ state: "ready", progress: 1, attachmentId: made.id });
    } else {
      const response = new Response(null, { status: request.status });
      change({ state: "failed", reason: explain(problemOf(response, request.response)) });
    }
  };
  request.onerror = () =>
    change({ state: "failed", reason: explain(new ApiProblem(503, { code: "unreachable" })) });
  request.send(file);
  return now;
}
