import "./styles/base.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { askForPeople } from "./core/people";
import { applyPreferences } from "./core/preferences";
import { queries } from "./core/queries";
import { resume, useSession } from "./core/session";
import { keepShell } from "./core/shell-worker";
import { Portal } from "./views/shell/Portal";
import { contactsLoaded } from "./views/shell/Shell";

useSession.subscribe(({ session }, before) => {
  if (session.state === "in" && before.session.state !== "in") askForPeople();
});

const root = createRoot(document.getElementById("portal") as HTMLElement);

await Promise.all([applyPreferences(), resume(), contactsLoaded]);
root.render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <Portal />
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
keepShell();
