import "uplot/dist/uPlot.min.css";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { dateText, numberText } from "../../../core/i18n";
import { usePreferences } from "../../../core/preferences";
import { stacked } from "../../../core/usage";
import styles from "./Home.module.css";

type Series = { name: string; values: number[]; line: boolean };
const HEIGHT_PX = 240;
/** Custom properties by place; the last one is for the line. */
const FILLS = ["--accent", "--chart-2"] as const;

/** Columns a day, standing on each other, and a line over them. The table below has the same figures. */
export function Plot({ label, days, series }: { label: string; days: string[]; series: Series[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const theme = usePreferences((store) => store.theme);
  const [at, setAt] = useState<number | null>(null);
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    const again = () => setTurn((one) => one + 1);
    const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((one) => matchMedia(one));
    for (const one of queries) one.addEventListener("change", again);
    return () => {
      for (const one of queries) one.removeEventListener("change", again);
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read anew with the theme
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const columns = series.filter((one) => !one.line);
    const lines = series.filter((one) => one.line);
    const text = colour(element, "--text-2");
    const grid = colour(element, "--line");
    const bars = uPlot.paths.bars?.({ size: [0.62, 42], radius: 0.2 });
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
          x: { time: false },
          y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.08))] },
        },
        axes: [
          {
            stroke: text,
            grid: { show: false },
            ticks: { show: false },
            space: 64,
            incrs: [1, 2, 3, 7, 14, 30],
            values: (_, places) =>
              places.map((place) =>
                days[place] ? dateText(`${days[place]}T12:00:00`, { day: "numeric", month: "short" }) : "",
              ),
          },
          {
            stroke: text,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 5e4, 1e5, 1e6],
            size: 52,
            values: (_, values) => values.map(numberText),
          },
        ],
        series: [
          {},
          ...columns.map((_, place) => ({
            fill: colour(element, FILLS[columns.length - 1 - place] ?? "--accent"),
            width: 0,
            points: { show: false },
            ...(bars ? { paths: bars } : {}),
          })),
          ...lines.map(() => ({ stroke: colour(element, "--bad"), width: 2, points: { show: false } })),
        ],
        hooks: { setCursor: [(one) => setAt(one.cursor.idx ?? null)] },
      },
      [
        days.map((_, place) => place),
        ...stacked(columns.map((one) => one.values)),
        ...lines.map((one) => one.values),
      ],
      element,
    );
    const watcher = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.destroy();
    };
  }, [days.join(), JSON.stringify(series), theme, turn]);

  const place = at ?? days.length - 1;
  return (
    <figure className={styles.plot} data-testid="plot">
      <div ref={frame} role="img" aria-label={label} dir="ltr" />
      <figcaption>
        <span>{days[place] ? dateText(`${days[place]}T12:00:00`, { dateStyle: "medium" }) : ""}</span>
        {series.map((one, index) => (
          <span key={one.name} className={styles.key} data-look={one.line ? "line" : `fill-${index}`}>
            {one.name}: <strong>{numberText(one.values[place] ?? 0)}</strong>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** A token as a colour that a canvas takes, in the theme of the page. */
function colour(element: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
