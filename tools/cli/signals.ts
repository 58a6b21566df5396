/** Signals that this process gets are the guest's; when the guest stops, this process does. */
import process from 'node:process';
import { SIG } from '../../kernel/abi/signal.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import type { NodeHost } from '../host/node-host.ts';

/** A terminal sends these to all of the foreground process group, as a shell does SIGCONT. */
const OF_GROUP = ['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGCONT', 'SIGWINCH'] as const;
/** Others are meant for one process, the program. */
const OF_PROCESS = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;

/** A second Ctrl-C within this time, in milliseconds, ends the emulator. */
const TWICE = 1000;

/** The second Ctrl-C: whatever the guest does, this is the end. */
const interruptedTwice = (): ((host: NodeHost) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  return (host) => {
    const now = performance.now();
    if (now - last < TWICE) {
      host.close();
      process.exit(128 + SIG.SIGINT);
    }
    last = now;
  };
};

/** All processes that live are stopped by job control. */
const isStopped = (box: Signalbox): boolean =>
  box.end === null && box.tasks.every((task) => task.exiting || task.state === 'stopped');

/**
 * Stops this process until someone continues it, so that a shell sees what it would see of the program itself. The terminal
 * is put back meanwhile.
 */
const stopHere = (box: Signalbox, host: NodeHost): void => {
  const { raw } = box.machine.vfs.console;
  if (raw) host.stdin.setRaw?.(false);
  process.kill(process.pid, 'SIGSTOP');
  if (raw) host.stdin.setRaw?.(true);
};

/** Passes signals on until the function returned is called. */
export const passSignals = (box: Signalbox, host: NodeHost): (() => void) => {
  const handlers: [string, () => void][] = [];
  const on = (signal: NodeJS.Signals, handler: () => void): void => {
    const withNotice = () => {
      handler();
      host.notify();
    };
    process.on(signal, withNotice);
    handlers.push([signal, withNotice]);
  };
  const onInterrupt = interruptedTwice();
  for (const signal of OF_GROUP) {
    on(signal, () => {
      if (signal === 'SIGINT') onInterrupt(host);
      box.machine.interrupt(SIG[signal]);
    });
  }
  for (const signal of OF_PROCESS) on(signal, () => box.sendSignal(box.program.pid, SIG[signal]));

  const { wait } = host;
  host.wait = async (milliseconds) => {
    await wait(isStopped(box) ? 0 : milliseconds);
    if (isStopped(box)) stopHere(box, host);
  };
  return () => {
    host.wait = wait;
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
};
