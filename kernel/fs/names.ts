/**
 * File names are bytes. Inside the kernel a name or path is a byte string: a JavaScript string whose characters are the
 * bytes, 0..255, so that no guest or host name is lost or changed. Text comes from and goes to people as UTF-8.
 */

/** The byte string of a text: its UTF-8 bytes. For paths, arguments and contents which the user typed. */
export const bytesFromText = (text: string): string => {
  let out = '';
  for (const symbol of text) {
    const c = symbol.codePointAt(0)!;
    if (c < 0x80) out += symbol;
    else if (c < 0x800) out += String.fromCharCode(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) out += String.fromCharCode(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else {
      out += String.fromCharCode(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    }
  }
  return out;
};

/** Byte string to array. */
export const toBytes = (bytes: string): Uint8Array => {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = bytes.charCodeAt(i);
  return out;
};

/** Array to byte string. */
export const fromBytes = (bytes: Uint8Array): string => {
  let out = '';
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return out;
};

/** `name` below the directory `path`. */
export const joinPath = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/** The path without its last component. */
export const dirname = (path: string): string => {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
};

/** The last component. */
export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Absolute path without `.`, `..` and doubled slashes, by text alone. */
export const normalise = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
};
