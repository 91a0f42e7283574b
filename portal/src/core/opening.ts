/** From a click on somebody to the conversation with them. */
import { api, ok } from "./api";
import { keepConversation } from "./conversations";
import type { Person } from "./people";
import { explain } from "./problems";
import { toast } from "./toasts";
import { openConversation, openNew } from "./windows";

/**
 * Open the conversation with somebody: the one there is, else a new one.
 *
 * A first text to somebody opens as a new conversation where one may still choose which number sends.
 */
export async function writeTo(person: Person): Promise<void> {
  if (person.target === null) return;
  try {
    const body = { to: [person.target] };
    const said = await ok(api.POST("/v1/conversations:explain", { body }));
    if (said.conversation_id !== null) {
      openConversation(said.conversation_id);
    } else if (said.kind === "chat") {
      const started = await ok(
        api.POST("/v1/conversations", { body, headers: { "Idempotency-Key": crypto.randomUUID() } }),
      );
      keepConversation(started);
      openConversation(started.id);
    } else {
      openNew([person]);
    }
  } catch (error) {
    toast(explain(error), { bad: true });
  }
}
