/** Somebody of whom only a number or a user id is known, as those who open conversations want them. */
import type { Person } from "./people";

/** userId: where it is a colleague; the number is then what a call dials. */
export function somebody(name: string, number: string, userId: string | null): Person {
  return {
    key: userId ?? number,
    kind: userId ? "user" : "number",
    name,
    detail: number,
    userId,
    favourite: false,
    leadsTo: userId ? "chat" : "sms",
    target: userId ? { user_id: userId } : { number },
    dial: number,
    number: userId ? null : number,
    label: "",
  };
}
