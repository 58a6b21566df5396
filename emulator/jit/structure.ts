/**
 * Structured control flow for a graph of blocks: dominators, loops, and the nesting of WebAssembly's constructs, after
 * N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow" (ICFP 2022).
 *
 * Nodes are numbers; the entry is 0. Every loop must be entered at its header alone (a reducible graph); of others
 * `analyse` says so, and `dispatcher` translates them with a loop around a switch.
 */

import { OP } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

export interface Graph {
  /** Successors within the graph by node. */
  readonly successors: readonly (readonly number[])[];
}

export interface Structure {
  /** Reachable nodes in reverse postorder. */
  readonly order: readonly number[];
  /** Position in `order` by node, -1 for unreachable ones. */
  readonly position: readonly number[];
  /** Immediate dominator by node; of the entry, itself. */
  readonly dominator: readonly number[];
  readonly predecessors: readonly (readonly number[])[];
  /** Nodes that a backward edge goes to. */
  readonly headers: ReadonlySet<number>;
  readonly reducible: boolean;
}

/** The order of a depth-first search, reversed. */
const reversePostorder = ({ successors }: Graph): number[] => {
  const seen = new Set<number>([0]);
  const order: number[] = [];
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const child = successors[top.node]![top.next++];
    if (child === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      stack.push({ node: child, next: 0 });
    }
  }
  return order.reverse();
};

/** Dominators by Cooper, Harvey and Kennedy's iteration. */
const dominators = (
  order: readonly number[],
  position: readonly number[],
  predecessors: readonly (readonly number[])[],
): number[] => {
  const dominator = position.map(() => -1);
  dominator[0] = 0;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (position[x]! > position[y]!) x = dominator[x]!;
      while (position[y]! > position[x]!) y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order) {
      if (node === 0) continue;
      let found = -1;
      for (const p of predecessors[node]!) {
        if (dominator[p] !== -1) found = found === -1 ? p : meet(found, p);
      }
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
};

export const analyse = (graph: Graph): Structure => {
  const order = reversePostorder(graph);
  const position: number[] = graph.successors.map(() => -1);
  for (const [n, node] of order.entries()) position[node] = n;
  const predecessors: number[][] = graph.successors.map(() => []);
  for (const node of order) for (const s of graph.successors[node]!) predecessors[s]!.push(node);
  const dominator = dominators(order, position, predecessors);
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (position[node]! > position[a]!) node = dominator[node]!;
    return node === a;
  };
  const headers = new Set<number>();
  let reducible = true;
  for (const node of order) {
    for (const s of graph.successors[node]!) {
      if (position[s]! > position[node]!) continue;
      headers.add(s);
      if (!dominates(s, node)) reducible = false;
    }
  }
  return { order, position, dominator, predecessors, headers, reducible };
};

/** What the translation of a node needs to know about where it is. */
export interface Emitter {
  /** At the start of a node, inside its loop if it is a header. */
  node(node: number): void;
  /** How a node ends: calls `branch` for each way that stays in the graph, where the code shall be that goes there. */
  end(node: number, branch: (to: number) => void): void;
}

/** Translates a reducible graph. Control never runs out behind the code. */
export const structured = (f: FunctionWriter, s: Structure, emit: Emitter): void => {
  const children: number[][] = s.position.map(() => []);
  for (const node of s.order) if (node !== 0) children[s.dominator[node]!]!.push(node);
  const isMerge = (node: number): boolean => {
    const forward = s.predecessors[node]!.filter((p) => s.position[p]! < s.position[node]!);
    return forward.length > 1;
  };
  const merges = new Set(s.order.filter(isMerge));
  /** Label whose branch goes to a node, for loops being inside of and blocks that end before it. */
  const labels = new Map<number, number>();

  const branch = (from: number, to: number): void => {
    const backward = s.position[to]! <= s.position[from]!;
    if (backward || merges.has(to)) {
      const label = backward ? loops.get(to) : labels.get(to);
      if (label === undefined) throw new Error(`node ${to} cannot be reached from ${from}`);
      f.brTo(label);
    } else tree(to);
  };
  const loops = new Map<number, number>();

  const within = (node: number, follow: readonly number[]): void => {
    const [next, ...rest] = follow;
    if (next === undefined) {
      emit.node(node);
      emit.end(node, (to) => branch(node, to));
      return;
    }
    f.block();
    labels.set(next, f.open);
    within(node, rest);
    f.end();
    tree(next);
  };

  const tree = (node: number): void => {
    // The one latest in the order is the outermost: it comes last.
    const follow = children[node]!.filter((c) => merges.has(c)).sort((a, b) => s.position[b]! - s.position[a]!);
    if (!s.headers.has(node)) {
      within(node, follow);
      return;
    }
    f.loop();
    loops.set(node, f.open);
    within(node, follow);
    f.end();
  };
  tree(0);
};

/** Translates any graph: a loop, and in it a switch over the number of the next node. */
export const dispatcher = (f: FunctionWriter, s: Structure, emit: Emitter, next: number): void => {
  const { order } = s;
  f.loop();
  const loop = f.open;
  for (let n = 0; n < order.length; n++) f.block();
  f.get(next);
  f.code.u8(OP.brTable);
  f.code.unsigned(order.length - 1);
  for (let n = 0; n < order.length; n++) f.code.unsigned(n);
  for (const node of order) {
    f.end();
    emit.node(node);
    emit.end(node, (to) => {
      f.i32(s.position[to]!);
      f.set(next);
      f.brTo(loop);
    });
  }
  f.end();
};
