/** The tones a page plays, made here: a file less, and no two of them are alike. */

export type Tone = "chime" | "bell" | "drop" | "knock" | "none";

/** Frequency in Hz, when it begins and how long it sounds, in s. */
type Note = { hz: number; at: number; s: number; wave?: OscillatorType };

const TONES: Record<Exclude<Tone, "none">, Note[]> = {
  chime: [
    { hz: 880, at: 0, s: 0.35 },
    { hz: 1318.5, at: 0.11, s: 0.5 },
  ],
  bell: [
    { hz: 1046.5, at: 0, s: 0.9 },
    { hz: 2093, at: 0, s: 0.6 },
  ],
  drop: [
    { hz: 740, at: 0, s: 0.12 },
    { hz: 493.9, at: 0.09, s: 0.25 },
  ],
  knock: [
    { hz: 190, at: 0, s: 0.07, wave: "triangle" },
    { hz: 190, at: 0.14, s: 0.09, wave: "triangle" },
  ],
};

let context: AudioContext | undefined;

/** Browsers let a page sound only once somebody has used it. */
export function allowTones(): () => void {
  const wake = () => {
    context ??= new AudioContext();
    if (context.state === "suspended") void context.resume().catch(() => undefined);
  };
  addEventListener("pointerdown", wake, { capture: true });
  addEventListener("keydown", wake, { capture: true });
  return () => {
    removeEventListener("pointerdown", wake, { capture: true });
    removeEventListener("keydown", wake, { capture: true });
  };
}

export function play(tone: Tone): void {
  if (tone === "none") return;
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => undefined);
  const now = context.currentTime;
  for (const note of TONES[tone] ?? TONES.chime) {
    const source = context.createOscillator();
    const volume = context.createGain();
    source.type = note.wave ?? "sine";
    source.frequency.value = note.hz;
    volume.gain.setValueAtTime(0.0001, now + note.at);
    volume.gain.exponentialRampToValueAtTime(0.16, now + note.at + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.0001, now + note.at + note.s);
    source.connect(volume).connect(context.destination);
    source.start(now + note.at);
    source.stop(now + note.at + note.s + 0.02);
  }
}
