/** Random numbers of deterministic mode: the generator sfc32 (Doty-Humphrey), whose state is four words of plain data. */

export interface RandomState {
  a: number;
  b: number;
  c: number;
  counter: number;
}

/** The next number, unsigned 32 bits. */
export const randomWord = (state: RandomState): number => {
  const sum = (state.a + state.b + state.counter) | 0;
  state.counter = (state.counter + 1) | 0;
  state.a = state.b ^ (state.b >>> 9);
  state.b = (state.c + (state.c << 3)) | 0;
  state.c = ((state.c << 21) | (state.c >>> 11)) + sum;
  state.c |= 0;
  return sum >>> 0;
};

/** Rounds after which the state no longer shows the seed. */
const WARM_UP = 15;

export const seededRandom = (seed: number): RandomState => {
  const state = { a: seed | 0, b: Math.floor(seed / 2 ** 32) | 0, c: 0x9e3779b9 | 0, counter: 1 };
  for (let i = 0; i < WARM_UP; i++) randomWord(state);
  return state;
};

export const fillRandom = (state: RandomState, bytes: Uint8Array): void => {
  for (let i = 0; i < bytes.length; i += 4) {
    const word = randomWord(state);
    for (let k = 0; k < 4 && i + k < bytes.length; k++) bytes[i + k] = word >>> (8 * k);
  }
};
