/**
 * Guest structs, each declared once: fields in C order with their types. From one declaration come size and offsets (by
 * the rules of the System V x86-64 ABI), reader, writer, and a walk over (path, offset, size, text) for people.
 */

/** A scalar as it lies in guest memory, little endian. `T` is what it reads as. */
export interface Scalar<T> {
  readonly kind: 'scalar';
  readonly name: string;
  readonly size: number;
  readonly align: number;
  read(view: DataView, offset: number): T;
  write(view: DataView, offset: number, value: T): void;
  /** For people: hexadecimal, flag names, symbols. */
  format(value: T): string;
}

export interface ArrayType<T> {
  readonly kind: 'array';
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly element: Type<T>;
  readonly count: number;
  read(view: DataView, offset: number): T[];
  write(view: DataView, offset: number, value: readonly T[]): void;
}

export interface StructField {
  readonly name: string;
  readonly type: Type<unknown>;
  readonly offset: number;
  /** Meaning, one line. */
  readonly doc: string;
}

export interface StructType<T> {
  readonly kind: 'struct';
  /** C's name of it, as `struct sigaction` or `siginfo_t`. */
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly StructField[];
  /** Byte offset of a field. */
  readonly offsets: { readonly [K in keyof T]: number };
  read(view: DataView, offset: number): T;
  /** Fields left out are zero; padding becomes zero. */
  write(view: DataView, offset: number, value: Partial<T>): void;
}

export type Type<T> = Scalar<T> | ArrayType<T extends readonly (infer E)[] ? E : never> | StructType<T>;

const scalar = <T>(
  name: string,
  size: number,
  read: (view: DataView, offset: number) => T,
  write: (view: DataView, offset: number, value: T) => void,
  format: (value: T) => string,
): Scalar<T> => ({ kind: 'scalar', name, size, align: size, read, write, format });

const hex = (value: number | bigint) => `0x${value.toString(16)}`;
const decimal = (value: number | bigint) => value.toString();

export const u8 = scalar(
  'u8',
  1,
  (v, o) => v.getUint8(o),
  (v, o, x: number) => v.setUint8(o, x),
  decimal,
);
export const u16 = scalar(
  'u16',
  2,
  (v, o) => v.getUint16(o, true),
  (v, o, x: number) => v.setUint16(o, x, true),
  decimal,
);
export const i16 = scalar(
  'i16',
  2,
  (v, o) => v.getInt16(o, true),
  (v, o, x: number) => v.setInt16(o, x, true),
  decimal,
);
export const u32 = scalar(
  'u32',
  4,
  (v, o) => v.getUint32(o, true),
  (v, o, x: number) => v.setUint32(o, x, true),
  decimal,
);
export const i32 = scalar(
  'i32',
  4,
  (v, o) => v.getInt32(o, true),
  (v, o, x: number) => v.setInt32(o, x, true),
  decimal,
);
/** 64 bits, exact. */
export const u64 = scalar(
  'u64',
  8,
  (v, o) => v.getBigUint64(o, true),
  (v, o, x: bigint) => v.setBigUint64(o, x, true),
  hex,
);
export const i64 = scalar(
  'i64',
  8,
  (v, o) => v.getBigInt64(o, true),
  (v, o, x: bigint) => v.setBigInt64(o, x, true),
  decimal,
);

/** Signed 64 bits as a number: sizes, times, offsets. Beyond 2^53 the value is rounded. */
export const long = scalar(
  'long',
  8,
  (v, o) => v.getInt32(o + 4, true) * 4294967296 + v.getUint32(o, true),
  (v, o, x: number) => {
    v.setUint32(o, x >>> 0, true);
    v.setInt32(o + 4, Math.floor(x / 4294967296), true);
  },
  decimal,
);

/** Unsigned 64 bits as a number: user addresses and sizes. Beyond 2^53 the value is rounded, which no valid one is. */
export const pointer = scalar(
  'pointer',
  8,
  (v, o) => v.getUint32(o + 4, true) * 4294967296 + v.getUint32(o, true),
  (v, o, x: number) => {
    v.setUint32(o, x >>> 0, true);
    v.setUint32(o + 4, Math.floor(x / 4294967296), true);
  },
  hex,
);

/** The same scalar, shown otherwise. */
export const shown = <T>(type: Scalar<T>, format: (value: T) => string): Scalar<T> => ({ ...type, format });

export const array = <T>(element: Type<T>, count: number): ArrayType<T> => ({
  kind: 'array',
  name: `${element.name}[${count}]`,
  size: element.size * count,
  align: element.align,
  element,
  count,
  read: (view, offset) => {
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(element.read(view, offset + i * element.size) as T);
    return values;
  },
  write: (view, offset, value) => {
    for (let i = 0; i < count; i++) writeType(element as Type<unknown>, view, offset + i * element.size, value[i]);
  },
});

const writeType = (type: Type<unknown>, view: DataView, offset: number, value: unknown): void => {
  if (value === undefined) {
    for (let i = 0; i < type.size; i++) view.setUint8(offset + i, 0);
    return;
  }
  (type.write as (v: DataView, o: number, x: unknown) => void)(view, offset, value);
};

/** What a field declaration reads as. */
type Value<D> = D extends { read(view: DataView, offset: number): infer T } ? T : never;
type Declared = readonly (readonly [name: string, type: Type<never> | Scalar<never> | object, doc?: string])[];
type Shape<D extends Declared> = { [F in D[number] as F[0]]: Value<F[1]> };

const alignUp = (n: number, to: number) => Math.ceil(n / to) * to;

/**
 * Declares a struct. Each field is `[name, type, meaning]`; offsets and the size follow C's alignment rules.
 * `options.size` asserts the size C gives; `packed` drops alignment (epoll_event).
 */
export const struct = <const D extends Declared>(
  name: string,
  declaration: D,
  options: { size?: number; packed?: boolean } = {},
): StructType<Shape<D>> => {
  type T = Shape<D>;
  const fields: StructField[] = [];
  let end = 0;
  let align = 1;
  for (const [field, type, doc] of declaration as readonly (readonly [string, Type<unknown>, string?])[]) {
    const fieldAlign = options.packed ? 1 : type.align;
    const offset = alignUp(end, fieldAlign);
    fields.push({ name: field, type, offset, doc: doc ?? '' });
    end = offset + type.size;
    align = Math.max(align, fieldAlign);
  }
  const size = alignUp(end, align);
  if (options.size !== undefined && options.size !== size) {
    throw new Error(`${name} is ${size} bytes here but ${options.size} in C`);
  }
  // Not filled one by one, which V8 makes a hash table from the thirteenth on.
  const offsets = Object.fromEntries(fields.map((field) => [field.name, field.offset]));
  return {
    kind: 'struct',
    name,
    size,
    align,
    fields,
    offsets: offsets as StructType<T>['offsets'],
    read: (view, offset) => {
      const value: Record<string, unknown> = {};
      for (const field of fields) value[field.name] = field.type.read(view, offset + field.offset);
      return value as T;
    },
    write: (view, offset, value) => {
      for (let i = 0; i < size; i++) view.setUint8(offset + i, 0);
      for (const field of fields) {
        const v = (value as Record<string, unknown>)[field.name];
        if (v !== undefined) writeType(field.type, view, offset + field.offset, v);
      }
    },
  };
};

/** One line of a struct laid open. */
export interface LayoutLine {
  /** As C writes it: `uc.uc_mcontext.gregs[3]`. */
  readonly path: string;
  readonly offset: number;
  readonly size: number;
  readonly text: string;
  readonly doc: string;
}

/** Every scalar of a value in memory, in order of offset. */
export function* walkLayout(
  type: Type<unknown>,
  view: DataView,
  base: number,
  path = '',
  offset = 0,
  doc = '',
): Generator<LayoutLine> {
  switch (type.kind) {
    case 'scalar':
      yield { path, offset, size: type.size, text: type.format(type.read(view, base + offset)), doc };
      return;
    case 'array': {
      const element = type.element as Type<unknown>;
      for (let i = 0; i < type.count; i++) {
        yield* walkLayout(element, view, base, `${path}[${i}]`, offset + i * element.size, doc);
      }
      return;
    }
    case 'struct':
      for (const field of type.fields) {
        const inner = path === '' ? field.name : `${path}.${field.name}`;
        yield* walkLayout(field.type, view, base, inner, offset + field.offset, field.doc);
      }
  }
}
