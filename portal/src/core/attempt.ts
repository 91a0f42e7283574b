import { explain } from "./problems";
import { toast } from "./toasts";

/** Do it and say how it went: what was done, or why not. True where it was done. */
export async function attempt(work: Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work;
    if (done !== undefined) toast(done);
    return true;
  } catch (error) {
    toast(explain(error), { bad: true });
    return false;
  }
}
