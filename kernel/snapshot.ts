/**
 * Putting a machine back as it was.
 *
 * All state is plain data in one graph of objects. A snapshot notes, for every object that can be reached, what is in it;
 * restoring puts those contents back into the very same objects. So references from outside - a task someone looks at, a
 * map keyed by inodes - stay good, shared and circular references need no care, and taking one does not disturb the run.
 * Objects made after the snapshot are simply no longer referred to.
 */

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | BigUint64Array | Float64Array;

/** What was in one object. */
type Contents =
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly values: readonly unknown[] }
  | { readonly kind: 'array'; readonly values: readonly unknown[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [unknown, unknown])[] }
  | { readonly kind: 'set'; readonly values: readonly unknown[] }
  | { readonly kind: 'bytes'; readonly values: TypedArray };

/** The contents of every object of a graph at one moment. */
export type GraphSnapshot = ReadonlyMap<object, Contents>;

export interface GraphOptions {
  /** Objects which are not state: hosts, executors, listeners. They stay as they are, and so does all behind them. */
  readonly outside: (object: object) => boolean;
  /** Classes all of whose state is in public fields. Instances of any other class are an error. */
  readonly classes: readonly (abstract new (
    ...args: never[]
  ) => object)[];
}

const isTypedArray = (object: object): object is TypedArray =>
  ArrayBuffer.isView(object) && !(object instanceof DataView);

const describe = (object: object, path: string): string => `${path} is a ${object.constructor?.name ?? 'stranger'}`;

/**
 * Notes the contents of everything that can be reached from `root`. Frozen objects are constants. Throws for what it could
 * not put back: functions in data, instances of unknown classes.
 */
export const saveGraph = (root: object, options: GraphOptions): GraphSnapshot => {
  const saved = new Map<object, Contents>();
  const known = new Set<object | null>([Object.prototype, null, ...options.classes.map((known) => known.prototype)]);
  const waiting: [object, string][] = [[root, root.constructor?.name ?? 'root']];

  const visit = (value: unknown, path: string, name: string | number): void => {
    if (typeof value === 'function') throw new Error(`${path}.${name} is a function, which a snapshot cannot hold`);
    if (typeof value !== 'object' || value === null) return;
    if (saved.has(value) || Object.isFrozen(value) || options.outside(value)) return;
    waiting.push([value, `${path}.${name}`]);
  };

  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [object, path] = next;
    if (saved.has(object)) continue;
    if (Array.isArray(object)) {
      saved.set(object, { kind: 'array', values: object.slice() });
      for (const [i, value] of object.entries()) visit(value, path, i);
    } else if (object instanceof Map) {
      const entries = [...object];
      saved.set(object, { kind: 'map', entries });
      for (const [i, [key, value]] of entries.entries()) {
        visit(key, path, i);
        visit(value, path, i);
      }
    } else if (object instanceof Set) {
      const values = [...object];
      saved.set(object, { kind: 'set', values });
      for (const [i, value] of values.entries()) visit(value, path, i);
    } else if (isTypedArray(object)) {
      saved.set(object, { kind: 'bytes', values: object.slice() });
    } else if (known.has(Object.getPrototypeOf(object))) {
      const keys = Object.keys(object);
      const values = keys.map((key) => (object as Record<string, unknown>)[key]);
      saved.set(object, { kind: 'object', keys, values });
      for (const [i, key] of keys.entries()) visit(values[i], path, key);
    } else {
      throw new Error(`${describe(object, path)}, which a snapshot cannot hold`);
    }
  }
  return saved;
};

const putBackObject = (object: Record<string, unknown>, keys: readonly string[], values: readonly unknown[]): void => {
  const now = Object.keys(object);
  if (now.length !== keys.length || now.some((key, i) => key !== keys[i])) for (const key of now) delete object[key];
  for (const [i, key] of keys.entries()) object[key] = values[i];
};

const putBackArray = (array: unknown[], values: readonly unknown[]): void => {
  array.length = 0;
  array.length = values.length;
  // Holes stay holes.
  values.forEach((value, i) => {
    array[i] = value;
  });
};

/** Puts the contents of all objects back. A snapshot may be restored any number of times. */
export const restoreGraph = (snapshot: GraphSnapshot): void => {
  for (const [object, contents] of snapshot) {
    switch (contents.kind) {
      case 'object':
        putBackObject(object as Record<string, unknown>, contents.keys, contents.values);
        break;
      case 'array':
        putBackArray(object as unknown[], contents.values);
        break;
      case 'map': {
        const map = object as Map<unknown, unknown>;
        map.clear();
        for (const [key, value] of contents.entries) map.set(key, value);
        break;
      }
      case 'set': {
        const set = object as Set<unknown>;
        set.clear();
        for (const value of contents.values) set.add(value);
        break;
      }
      case 'bytes':
        (object as Uint8Array).set(contents.values as Uint8Array);
    }
  }
};
