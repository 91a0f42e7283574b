/** Browsers by the names people know, from what they say of themselves. */

const BROWSERS: [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux/, "Linux"],
];

/** Like `Firefox, Linux`; the beginning of the text where neither is known. */
export function agentText(agent: string): string {
  const found = [BROWSERS, SYSTEMS]
    .map((list) => list.find(([pattern]) => pattern.test(agent))?.[1])
    .filter((one) => one !== undefined);
  return found.length > 0 ? found.join(", ") : agent.slice(0, 60);
}
