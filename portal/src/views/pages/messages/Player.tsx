import { Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { clockLength } from "../../../core/durations";
import { t } from "../../../core/i18n";
import { IconButton } from "../../../ui/Button";
import styles from "./Messages.module.css";

const SPEEDS = [1, 1.5, 2] as const;
let sounding: HTMLAudioElement | undefined;

/** Plays a recording; the browser asks the engine for the parts it needs. One plays at a time. */
export function Player({
  source,
  name,
  lengthS,
  started,
}: {
  source: string;
  name: string;
  lengthS: number;
  /** Called when somebody begins to listen. */
  started: () => void;
}) {
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(lengthS);
  const [speed, setSpeed] = useState<number>(1);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const element = audio.current;
    return () => element?.pause();
  }, []);

  async function toggle() {
    const element = audio.current;
    if (element === null) return;
    if (!element.paused) return element.pause();
    if (sounding !== element) sounding?.pause();
    sounding = element;
    setFailed(false);
    try {
      await element.play();
      started();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setFailed(true);
    }
  }

  function faster() {
    const next = SPEEDS[(SPEEDS.indexOf(speed as (typeof SPEEDS)[number]) + 1) % SPEEDS.length] ?? 1;
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = next;
  }

  return (
    <span className={styles.player} data-testid="player" data-playing={playing ? "" : undefined}>
      {/* biome-ignore lint/a11y/useMediaCaption: a caller's words come without a transcript */}
      <audio
        ref={audio}
        src={source}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => {
          const known = event.currentTarget.duration;
          if (Number.isFinite(known) && known > 0) setLength(known);
        }}
        onError={() => setFailed(true)}
      />
      <IconButton
        small
        className={styles.play ?? ""}
        label={t(playing ? "voicemail.pause" : "voicemail.play", { name })}
        onClick={() => void toggle()}
      >
        {playing ? <Pause size={17} aria-hidden="true" /> : <Play size={17} aria-hidden="true" />}
      </IconButton>
      {failed ? (
        <span role="alert">{t("voicemail.unplayable")}</span>
      ) : (
        <>
          <input
            type="range"
            min={0}
            max={Math.max(1, Math.round(length))}
            step={1}
            value={Math.min(at, length)}
            aria-label={t("voicemail.position", { name })}
            aria-valuetext={t("voicemail.position_text", {
              at: clockLength(at),
              length: clockLength(length),
            })}
            onChange={(event) => {
              const to = Number(event.target.value);
              setAt(to);
              if (audio.current) audio.current.currentTime = to;
            }}
          />
          <span className={styles.clock} dir="ltr">
            {clockLength(at)} / {clockLength(length)}
          </span>
          <IconButton small label={t("voicemail.speed", { speed })} onClick={faster}>
            <span aria-hidden="true" dir="ltr">
              {speed}×
            </span>
          </IconButton>
        </>
      )}
    </span>
  );
}
