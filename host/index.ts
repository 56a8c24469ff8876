/** The library: embed a Raft node in a Node.js program. */

export * as abi from "./core/abi.js";
export {
  type ConfigurationInfo,
  decodeConfiguration,
  encodeConfiguration,
  type MemberInfo,
} from "./core/configuration.js";
export { CoreInstance, type Effects } from "./core/instance.js";
export { type CoreModule, compileCore, shippedCore } from "./core/module.js";
export { CoreError, CoreNode } from "./core/node.js";
export { type Capacity, MICRO_CAPACITY, type Plan, SERVER_CAPACITY } from "./core/plan.js";
export * from "./errors.js";
export { GROUP_CAPACITY } from "./groups/capacity.js";
export { GroupHost, type GroupHostOptions, type GroupHostStats, type GroupOptions } from "./groups/host.js";
export { GroupWal, type GroupWalOptions, type GroupWalStats } from "./groups/wal/wal.js";
export { encodeCommand, encodeLimited, type KvCommand } from "./kv/command.js";
export { KvMachine, type KvResult } from "./kv/machine.js";
export type { EntryPosition, StateMachine } from "./machine/machine.js";
export {
  type ChangeOptions,
  type MemberReport,
  type NewMember,
  type NodeNotice,
  type NodeReport,
  type NodeStatus,
  type Progress,
  RaftNode,
  type RaftNodeOptions,
  type ReadConsistency,
  type ReconfigureOptions,
  type SnapshotThresholds,
} from "./node.js";
export type { Observer } from "./observer/observer.js";
export { resultOf, type SessionAnswer, type SessionRefusal, SessionRefusedError } from "./session/answers.js";
export { ClientSession } from "./session/client.js";
export { type Envelope, encodeEnvelope, encodePlain } from "./session/envelope.js";
export { NO_SESSIONS, SESSION_LIMITS, type SessionLimits } from "./session/limits.js";
export { LogClock } from "./session/log-clock.js";
export { type InnerMachine, type ResultCodec, SessionMachine } from "./session/machine.js";
export {
  StoppedNode,
  type StoppedNodeOptions,
  type StoppedState,
  type WrittenConfiguration,
} from "./stopped-node.js";
export { MemoryStorage } from "./storage/memory.js";
export { DiskSnapshotStore, type DiskSnapshotStoreOptions } from "./storage/snapshot/disk.js";
export { type SnapshotImage, splitImage } from "./storage/snapshot/image.js";
export { MemorySnapshotStore } from "./storage/snapshot/memory.js";
export * from "./storage/snapshot/store.js";
export * from "./storage/storage.js";
export type { FileSystem, FolderLock } from "./storage/wal/file-system.js";
export { type WalOptions, WalStorage } from "./storage/wal/wal.js";
export { ManualTimers } from "./timer/manual.js";
export { RealTimers } from "./timer/real.js";
export type { Timers } from "./timer/timer.js";
export { parseAddress } from "./transport/address.js";
export { MemoryNetwork, MemoryTransport } from "./transport/memory.js";
export { TcpTransport, type TcpTransportOptions } from "./transport/tcp.js";
export * from "./transport/transport.js";
export { UdpTransport, type UdpTransportOptions } from "./transport/udp.js";
