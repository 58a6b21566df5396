/** AVX2's shifts of each lane by a count of its own (SDM Vol. 2C, VPSLLV, VPSRAV, VPSRLV). */
import { type Row, row } from '../row.ts';
import { vector2 } from '../sse/operands.ts';

/** Too large counts give zeros, or copies of the sign. */
const shifts = (encoding: string, mnemonic: string, name: 'shl' | 'shrU' | 'shrS', w: 32 | 64): Row[] => {
  const semantics = vector2((o, a, counts) => {
    let result = a;
    for (let n = 0; n < 128 / w; n++) {
      const [value, count] = [o.lane(w, a, n), o.lane(w, counts, n)];
      const inRange = o.ltU(w, count, o.int(w, w));
      const shifted =
        name === 'shrS'
          ? o.shrS(w, value, o.select(w, inRange, count, o.int(w, w - 1)))
          : o.select(w, inRange, o[name](w, value, o.and(w, count, o.int(w, w - 1))), o.int(w, 0));
      result = o.withLane(w, result, n, shifted);
    }
    return result;
  });
  return ['128', '256'].map((length) =>
    row(`VEX.${length}.66.0F38.${encoding} /r`, mnemonic, 'Vx,Hx,Wx', semantics, { feature: 'AVX2' }),
  );
};

export const avx2ShiftRows: readonly Row[] = [
  ...shifts('W0 45', 'VPSRLVD', 'shrU', 32),
  ...shifts('W1 45', 'VPSRLVQ', 'shrU', 64),
  ...shifts('W0 46', 'VPSRAVD', 'shrS', 32),
  ...shifts('W0 47', 'VPSLLVD', 'shl', 32),
  ...shifts('W1 47', 'VPSLLVQ', 'shl', 64),
];
