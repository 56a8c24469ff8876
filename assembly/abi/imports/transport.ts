/** The transport trait, as the core sees it. */

/**
 * Sends a message to a member. The bytes are valid only during the call.
 * @param node the handle of the node that sends
 * @param to the id of the receiver
 * @param message where the message lies
 * @param length its length in bytes
 * @param barrier 1: it may leave only once all storage effects before it are durable; 0: it may leave at once
 */
// @ts-ignore: decorator
@external("transport", "send")
export declare function send(node: usize, to: u32, message: usize, length: u32, barrier: u32): void;
