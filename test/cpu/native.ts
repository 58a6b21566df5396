/** Runs cases on the host CPU. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { FEATURES, type Feature, type FeatureSet } from '../../emulator/isa/features.ts';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';
import type { Case, Outcome } from './case.ts';
import { readResults, writeCases } from './wire.ts';

const SOURCE = `${root}test/cpu/native/runner.c`;
// Its signal handler runs with a foreign FS base and must leave the vector registers alone. It lies where no address of 32
// bits leads: cases may meet anything that does not.
const FLAGS = [
  ...['-O1', '-fno-stack-protector', '-fcf-protection=none', '-mgeneral-regs-only'],
  ...['-fPIE', '-static-pie'],
];
const TIMEOUT_MS = 60_000;

const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';

/** Whether the host's processor is AMD's, whose choices the rows follow where the manuals leave one. */
export const hostIsAmd: boolean = cpuinfo.includes('AuthenticAMD');

/** What the kernel found in the host's CPUID, by the names of /proc/cpuinfo. */
export const hostFlags: ReadonlySet<string> = new Set(/^flags\s*: (.*)$/m.exec(cpuinfo)?.[1]?.split(' '));
const NAMES = Object.keys(FEATURES) as Feature[];

/** The extensions that the host announces, of those which rows may ask for. */
export const hostFeatures: FeatureSet = new Set(NAMES.filter((name) => hostFlags.has(FEATURES[name].linux)));

/** Path of the compiled runner. */
export const buildRunner = (): Promise<string> => {
  const key = hashOf(readFileSync(SOURCE, 'utf8'), FLAGS.join(' '), toolchain()!.version);
  return compile(SOURCE, 'cpu-runner', key, { libc: 'shared', flags: FLAGS, libs: [], name: 'glibc -O1' });
};

/** The raw result file for a file of cases. */
export const runCaseFile = (runner: string, file: Uint8Array): Uint8Array => {
  const folder = mkdtempSync(`${tmpdir()}/signalbox-cpu-`);
  try {
    writeFileSync(`${folder}/cases`, file);
    execFileSync(runner, [`${folder}/cases`, `${folder}/results`], { timeout: TIMEOUT_MS, stdio: 'pipe' });
    return readFileSync(`${folder}/results`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Outcomes on the host CPU, in order. */
export const runNatively = (runner: string, cases: readonly Case[]): Outcome[] =>
  readResults(runCaseFile(runner, writeCases(cases)), cases);
