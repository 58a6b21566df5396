/** ADCX and ADOX (SDM Vol. 2A): two chains of carries side by side, one in CF and one in OF. */
import type { Instruction } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, widthOf } from './common.ts';

const addWith =
  (carry: 'cf' | 'of'): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const a = o.read(target);
    const b = o.read(operand(i.operands, 1));
    const sum = o.add(w, a, b);
    const result = o.add(w, sum, o.fromCondition(w, o.flag(carry)));
    const carried = o.either(o.ltU(w, sum, a), o.ltU(w, result, sum));
    o.write(target, result);
    o.setFlags({ [carry]: carried });
  };

export const carryChains: readonly Row[] = [
  row('66 0F 38 F6 /r', 'ADCX', 'Gy,Ey', addWith('cf'), { feature: 'ADX' }),
  row('F3 0F 38 F6 /r', 'ADOX', 'Gy,Ey', addWith('of'), { feature: 'ADX' }),
];
