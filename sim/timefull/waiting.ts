/** Waiting in real time. */

/** What came of something that was waited for. What comes after that is nobody's any more, an error included. */
export type Attempt<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "late" };

/** Waits so many ms at most; for ever if that is infinite. */
export function within<T>(ms: number, work: Promise<T>): Promise<Attempt<T>> {
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(() => resolve({ kind: "late" }), ms) : undefined;
    const settle = (attempt: Attempt<T>) => {
      clearTimeout(timer);
      resolve(attempt);
    };
    work.then(
      (value) => settle({ kind: "ok", value }),
      (error: unknown) => settle({ kind: "error", error }),
    );
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
