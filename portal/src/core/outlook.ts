/** What sending a text would come to, while it is being written: asked of the engine, which decides it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ok } from "./api";

/** A value that holds still: the last one for this long, in ms. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Segments, the character that makes them dear, and what would be refused; undefined until it is known. */
export function useOutlook(from: string | null, to: readonly string[], text: string) {
  const written = useSettled(text, 250);
  const { data } = useQuery({
    queryKey: ["outlook", from, to, written],
    enabled: from !== null && written.trim() !== "",
    staleTime: 30_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      ok(
        api.POST("/v1/messages:explain", { body: { from: from ?? "", to: [...to], text: written }, signal }),
      ),
  });
  return written.trim() === "" || text.trim() === "" ? undefined : data;
}
