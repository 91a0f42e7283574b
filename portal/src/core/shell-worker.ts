/** The service worker: keeps the shell, so that the page opens without a network, and takes push messages. */

declare global {
  interface Window {
    trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): {
        createScriptURL(url: string): string;
      };
    };
  }
}

/** Registers it, where the browser has such a thing and the page came over a trustworthy connection. */
export function keepShell(): void {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  const address = "/sw.js";
  // The content security policy lets scripts come from such an address only through this policy.
  const policy = window.trustedTypes?.createPolicy("ringback", {
    createScriptURL(url) {
      if (url !== address) throw new TypeError("not ours");
      return url;
    },
  });
  const script = policy === undefined ? address : policy.createScriptURL(address);
  navigator.serviceWorker.register(script, { scope: "/" }).catch(() => undefined);
}
