/** Turns the signals that ask a process to end into one orderly stop. */

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
/** ms in which a further SIGINT is taken for the same one: a terminal and npm may both deliver it. */
const SAME_KEYSTROKE_MS = 500;

export interface StopRequest {
  /** Resolves with the name of the first signal. */
  readonly requested: Promise<string>;
  /** Stops listening. */
  dispose(): void;
}

/** Listens for signals; `onInsist` is called when someone presses Ctrl-C again because stopping takes too long. */
export function onStopSignals(onInsist: () => void): StopRequest {
  let first: number | undefined;
  let request: (signal: string) => void = () => undefined;
  const requested = new Promise<string>((resolve) => {
    request = resolve;
  });
  const listener = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      request(signal);
    } else if (signal === "SIGINT" && now - first > SAME_KEYSTROKE_MS) onInsist();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    requested,
    dispose: () => {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
