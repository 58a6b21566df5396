import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, PhysicalMemory } from '../emulator/api.ts';
import { type GraphOptions, restoreGraph, saveGraph } from './snapshot.ts';

class Known {
  count = 1;
}

const options: GraphOptions = { outside: () => false, classes: [Known] };

describe('snapshots of a graph', () => {
  it('puts back objects, arrays, maps, sets and bytes, in place', () => {
    const graph = {
      number: 1,
      text: 'a',
      big: 5n,
      array: [1, undefined, { deep: true }] as unknown[],
      map: new Map<unknown, unknown>([['one', { n: 1 }]]),
      set: new Set([1, 2]),
      bytes: Uint8Array.of(1, 2, 3),
      known: new Known(),
    };
    const before = structuredClone({ ...graph, known: null });
    const { array, map, bytes, known } = graph;
    const inner = map.get('one') as { n: number };
    const saved = saveGraph(graph, options);

    graph.number = 2;
    graph.text = 'b';
    graph.big = 6n;
    (array[2] as { deep: boolean }).deep = false;
    array.length = 1;
    graph.array = [];
    inner.n = 2;
    map.clear();
    map.set('two', 2);
    graph.set.add(3);
    bytes.fill(9);
    known.count = 7;
    graph.known = new Known();
    Object.assign(graph, { extra: 1 });

    for (let again = 0; again < 2; again++) {
      restoreGraph(saved);
      expect({ ...graph, known: null }).toEqual(before);
      expect(graph.array).toBe(array);
      expect(graph.map.get('one')).toBe(inner);
      expect(graph.known).toBe(known);
      expect(known.count).toBe(1);
      graph.number = 3;
      bytes[0] = 200;
      map.delete('one');
      array.push(1);
    }
  });

  it('keeps holes of arrays, and the order of keys and entries', () => {
    const sparse: unknown[] = [];
    sparse[3] = 'x';
    const graph = { sparse, map: new Map([[2, 'b'] as const, [1, 'a'] as const]) };
    const saved = saveGraph(graph, options);
    sparse[0] = 1;
    graph.map.clear();
    restoreGraph(saved);
    expect(0 in sparse).toBe(false);
    expect(sparse.length).toBe(4);
    expect([...graph.map.keys()]).toEqual([2, 1]);
  });

  it('follows circles and keys of maps', () => {
    const inode = { size: 1, self: null as unknown };
    inode.self = inode;
    const graph = { pages: new Map([[inode, 1]]) };
    const saved = saveGraph(graph, options);
    inode.size = 2;
    inode.self = null;
    restoreGraph(saved);
    expect(inode.size).toBe(1);
    expect(inode.self).toBe(inode);
    expect(graph.pages.get(inode)).toBe(1);
  });

  it('leaves constants and the outside alone', () => {
    const host = { written: 0, write: () => {} };
    const graph = { host, ops: Object.freeze({ read: () => 0 }) };
    const saved = saveGraph(graph, { ...options, outside: (object) => object === host });
    host.written = 5;
    restoreGraph(saved);
    expect(host.written).toBe(5);
  });

  it('refuses what it could not put back, and says where it is', () => {
    expect(() => saveGraph({ a: { b: () => 1 } }, options)).toThrow('Object.a.b is a function');
    expect(() => saveGraph({ a: [new Date()] }, options)).toThrow('Object.a.0 is a Date');
    expect(() => saveGraph({ a: Promise.resolve() }, options)).toThrow('Object.a is a Promise');
    expect(() => saveGraph({ a: new WeakMap() }, options)).toThrow('Object.a is a WeakMap');
  });
});

describe('snapshots of physical memory', () => {
  it('puts bytes and reference counts back, and can use the frames that came later', () => {
    const physical = new PhysicalMemory(64 << 20);
    const first = physical.alloc();
    physical.u8[first * PAGE_SIZE] = 1;
    const saved = physical.snapshot();
    physical.u8[first * PAGE_SIZE] = 2;
    physical.ref(first);
    for (let i = 0; i < 12_000; i++) physical.alloc();
    physical.restore(saved);
    expect(physical.u8[first * PAGE_SIZE]).toBe(1);
    expect(physical.refcount(first)).toBe(1);
    expect(physical.allocated).toBe(1);
    const frames = new Set(Array.from({ length: 12_000 }, () => physical.alloc()));
    expect(frames.size).toBe(12_000);
    for (const frame of frames) expect(physical.refcount(frame)).toBe(1);
  });
});
