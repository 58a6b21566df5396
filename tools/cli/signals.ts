/** Signals that this process gets are the guest's. */
import process from 'node:process';
import { SIG } from '../../kernel/abi/signal.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import type { NodeHost } from '../host/node-host.ts';

/** A terminal sends these to all of the foreground process group. */
const OF_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGWINCH'] as const;
/** Others are meant for one process, the program. */
const OF_PROCESS = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT'] as const;

/** A second Ctrl-C within this time, in milliseconds, ends the emulator. */
const TWICE = 1000;

/** Passes them on until the function returned is called. */
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
  let lastInterrupt = Number.NEGATIVE_INFINITY;
  for (const signal of OF_TERMINAL) {
    on(signal, () => {
      if (signal === 'SIGINT') {
        const now = performance.now();
        if (now - lastInterrupt < TWICE) {
          host.close();
          process.exit(128 + SIG.SIGINT);
        }
        lastInterrupt = now;
      }
      box.machine.interrupt(SIG[signal]);
    });
  }
  for (const signal of OF_PROCESS) on(signal, () => box.sendSignal(box.program.pid, SIG[signal]));
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
};
