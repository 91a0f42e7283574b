/** German: every key of English. */
import conversations from "./de/conversations.json";
import pages from "./de/pages.json";
import shell from "./de/shell.json";

export default { ...shell, ...conversations, ...pages };
