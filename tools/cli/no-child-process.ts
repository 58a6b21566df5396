/** In the place of node:child_process: this command starts no other. */
export const spawn = (): never => {
  throw new Error('signalbox starts no other programs');
};
