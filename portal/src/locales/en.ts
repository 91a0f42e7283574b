/** English: the catalogue that defines the keys. One file a part of the portal. */
import conversations from "./en/conversations.json";
import pages from "./en/pages.json";
import shell from "./en/shell.json";

export default { ...shell, ...conversations, ...pages };
