/** What `import ... from 'signalbox'` gives. */
export { ERRNO, errnoName } from './abi/errno.ts';
export { RLIMIT } from './abi/resource.ts';
export { codeName, SIG, signalName } from './abi/signal.ts';
export { BootError, type BootOptions, boot } from './boot.ts';
export type { Bind } from './fs/mounts.ts';
export type { Host, HostError, HostFiles, HostStat, HostStream } from './host.ts';
export type { Machine } from './machine.ts';
export { type MemoryEntry, type MemoryHost, type MemoryTree, memoryFiles, memoryHost } from './memory-host.ts';
export { UserFault } from './mm/user.ts';
export { type Observer, observe, unobserve } from './observers.ts';
export type { Registers } from './registers.ts';
export type { ProcessEnd, ProcessReport, Report } from './report.ts';
export type { PendingSignals, Signalbox, Snapshot } from './signalbox.ts';
export type { Stop, StopConditions } from './stops.ts';
export type { SigInfo, Task } from './task/task.ts';
