/** The cache of what the engine said, and the keys it is kept under. */
import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./api";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something changed; asking again by the clock would only hide a missing event.
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: "always",
      retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && !error.retryable),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

export const keys = {
  me: ["me"] as const,
  presence: ["presence"] as const,
  contacts: ["contacts"] as const,
  conversations: ["conversations"] as const,
  conversation: (id: string) => ["conversation", id] as const,
  timeline: (id: string) => ["timeline", id] as const,
  unread: ["unread"] as const,
  call: (id: string) => ["call", id] as const,
  quickReplies: ["quick-replies"] as const,
};
