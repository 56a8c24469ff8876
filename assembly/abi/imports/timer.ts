/** The timer trait, as the core sees it. One timer a kind; late, early and repeated firing is harmless. */

/**
 * Arms the timer of a kind, in place of any earlier arming of it.
 * @param node the handle
 * @param kind a TimerKind
 * @param delay ms until it fires
 * @param jitter the host adds a uniform draw from [0, jitter] ms
 */
// @ts-ignore: decorator
@external("timer", "arm")
export declare function arm(node: usize, kind: u32, delay: u32, jitter: u32): void;

/**
 * Disarms the timer of a kind.
 * @param node the handle
 * @param kind a TimerKind
 */
// @ts-ignore: decorator
@external("timer", "cancel")
export declare function cancel(node: usize, kind: u32): void;
