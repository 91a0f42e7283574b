/** What was used, day by day, made fit for a plot and for the table beside it. */
import { useQuery } from "@tanstack/react-query";
import { api, ok, type Schemas } from "./api";

export type Summary = Schemas["UsageSummary"];
export type TextRow = Schemas["TextUsageRow"];
export type CallRow = Schemas["CallUsageRow"];
export type ChatRow = Schemas["ChatUsageRow"];
export type Of = "texts" | "calls" | "chats";
export type Group = "day" | "user" | "number" | "failure_class" | "status" | "direction";
export type Row = { group: string | null; figures: number[]; costs: Schemas["Cost"][] };

/** What each row counts, in this order. */
export const FIGURES = {
  texts: ["sent", "received", "delivered", "failed", "segments"],
  calls: ["calls", "answered", "missed", "talk_s"],
  chats: ["messages"],
} as const;

/** What the plot shows of it. The first two stand on each other, the last is a line over them. */
export const PLOTTED = {
  texts: ["sent", "received", "failed"],
  calls: ["answered", "missed"],
  chats: ["messages"],
} as const;

export const GROUPS: Record<Of, readonly Group[]> = {
  texts: ["day", "user", "number", "failure_class"],
  calls: ["day", "user", "direction", "status"],
  chats: ["day", "user"],
};

export function useSummary() {
  return useQuery({
    queryKey: ["usage", "summary"],
    queryFn: () => ok(api.GET("/v1/usage/summary")),
    staleTime: 60_000,
  });
}

type Asked = { from: string; until: string; group_by: string };

export function useUsage(of: Of, from: string, until: string, group: Group) {
  return useQuery({
    queryKey: ["usage", of, from, until, group],
    queryFn: () => read(of, { from, until, group_by: group }, group),
    staleTime: 60_000,
  });
}

async function read(of: Of, query: Asked, group: Group): Promise<Row[]> {
  const params = { query };
  if (of === "texts") {
    const { items } = await ok(api.GET("/v1/usage/messages", { params }));
    return items.map((one) => ({
      group: groupOf(one, group),
      figures: FIGURES.texts.map((each) => one[each]),
      costs: one.cost,
    }));
  }
  if (of === "calls") {
    const { items } = await ok(api.GET("/v1/usage/calls", { params }));
    return items.map((one) => ({
      group: groupOf(one, group),
      figures: FIGURES.calls.map((each) => one[each]),
      costs: [],
    }));
  }
  const { items } = await ok(api.GET("/v1/usage/chats", { params }));
  return items.map((one) => ({
    group: groupOf(one, group),
    figures: FIGURES.chats.map((each) => one[each]),
    costs: [],
  }));
}

type Grouped = Pick<TextRow, "day" | "user_id" | "number" | "direction" | "status" | "failure_class">;
const groupOf = (row: Grouped, group: Group): string | null => row[group === "user" ? "user_id" : group];

/** `2026-11-22` some days later, or earlier. */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** The day it is in a time zone. */
export function today(timeZone: string, now = new Date()): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return parts.format(now);
}

/** A row for each day, also for those on which nothing happened; oldest first. */
export function everyDay(rows: readonly Row[], from: string, until: string, figures: number): Row[] {
  const known = new Map(rows.map((one) => [one.group, one]));
  const days: Row[] = [];
  for (let day = from; day <= until; day = dayAfter(day, 1)) {
    days.push(known.get(day) ?? { group: day, figures: new Array<number>(figures).fill(0), costs: [] });
  }
  return days;
}

/** Columns that stand on each other, as uPlot draws them: the sum first, then what is left of it. */
export function stacked(columns: readonly (readonly number[])[]): number[][] {
  return columns.map((_, first) =>
    (columns[0] ?? []).map((__, at) =>
      columns.slice(0, columns.length - first).reduce((sum, one) => sum + (one[at] ?? 0), 0),
    ),
  );
}

/** Costs of several rows, a sum for each currency. */
export function totalCosts(rows: readonly Row[]): Schemas["Cost"][] {
  const sums = new Map<string, number>();
  for (const row of rows) {
    for (const one of row.costs) sums.set(one.currency, (sums.get(one.currency) ?? 0) + one.micros);
  }
  return [...sums].map(([currency, micros]) => ({ currency, micros }));
}
