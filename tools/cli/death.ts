/** The line about a death by signal, and the status it gives. */
import { SIG } from '../../kernel/abi/signal.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { SymbolCache } from '../symbols.ts';
import { nameInstruction, nameUnannounced } from './disassemble.ts';

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** `cat (pid 1000) died of SIGSEGV: SEGV_MAPERR, address 0x0, rip 0x401136 main+0x6`; null after a normal exit. */
export const deathLine = async (box: Signalbox): Promise<string | null> => {
  const { end, program: task } = box;
  if (end === null || 'exit' in end) return null;
  const symbol = new SymbolCache((path) => box.readFile(path)).text(task, end.rip);
  const parts = [end.code];
  if (end.address !== null) parts.push(`address ${hex(end.address)}`);
  if (end.from !== null && end.from > 0) parts.push(`from process ${end.from}`);
  parts.push(`rip ${hex(end.rip)}${symbol === '' ? '' : ` ${symbol}`}`);
  const bytes = box.undefinedInstruction;
  if (end.signal === 'SIGILL' && bytes !== null) {
    const unannounced = nameUnannounced(bytes, box.machine.cpu.features);
    const instruction = unannounced === '' ? await nameInstruction(bytes, end.rip) : '';
    if (instruction !== '') parts.push(`instruction ${instruction}`);
    if (unannounced !== '') parts.push(unannounced);
  }
  return `${task.comm} (pid ${task.pid}) died of ${end.signal}: ${parts.join(', ')}`;
};

/** As a shell shows it: the guest's status, or 128 and the signal's number. */
export const exitStatusOf = (box: Signalbox): number => {
  const { end } = box;
  if (end === null) throw new Error('the program has not ended');
  return 'exit' in end ? end.exit : 128 + signalNumber(end.signal);
};

const signalNumber = (name: string): number => {
  const known = (SIG as Readonly<Record<string, number>>)[name];
  return known ?? SIG.SIGRTMIN + Number(name.replace('SIGRT_', ''));
};
