/** Builds registry hives by hand. */

export interface BuiltKey {
  readonly name: string;
  readonly values?: readonly BuiltValue[];
  readonly keys?: readonly BuiltKey[];
  /** How its list of subkeys is kept: "lh" unless said otherwise; "ri" splits it in two. */
  readonly list?: "lf" | "lh" | "li" | "ri";
}

export interface BuiltValue {
  readonly name: string;
  readonly type: number;
  readonly data: Buffer;
}

export const text = (name: string, value: string, type = 1): BuiltValue => ({
  name,
  type,
  data: Buffer.from(`${value}\0`, "utf16le"),
});

export const dword = (name: string, value: number): BuiltValue => {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value);
  return { name, type: 4, data };
};

const BIG_SEGMENT = 16_344;

class Cells {
  readonly #parts: Buffer[] = [];
  #length = 32;

  /** Adds a cell and says where it is. */
  add(content: Buffer): number {
    const size = Math.ceil((content.length + 4) / 8) * 8;
    const cell = Buffer.alloc(size);
    cell.writeInt32LE(-size);
    content.copy(cell, 4);
    const at = this.#length;
    this.#parts.push(cell);
    this.#length += size;
    return at;
  }

  bytes(): Buffer {
    const all = Buffer.concat([Buffer.alloc(32), ...this.#parts]);
    const bin = Buffer.alloc(Math.ceil(all.length / 4096) * 4096);
    all.copy(bin);
    bin.write("hbin");
    bin.writeUInt32LE(bin.length, 8);
    return bin;
  }
}

const isLatin1 = (name: string) => [...name].every((character) => character.charCodeAt(0) < 256);
const nameBytes = (name: string) => Buffer.from(name, isLatin1(name) ? "latin1" : "utf16le");

function offsets(signature: string, numbers: readonly number[], hints?: readonly Buffer[]): Buffer {
  const stride = hints === undefined ? 4 : 8;
  const bytes = Buffer.alloc(4 + numbers.length * stride);
  bytes.write(signature);
  bytes.writeUInt16LE(numbers.length, 2);
  numbers.forEach((number, index) => {
    bytes.writeUInt32LE(number, 4 + index * stride);
    hints?.[index]?.copy(bytes, 8 + index * stride);
  });
  return bytes;
}

function list(cells: Cells, kind: string, names: readonly string[], keys: readonly number[]): number {
  if (kind === "li") return cells.add(offsets("li", keys));
  const hints = names.map((name) => {
    const hint = Buffer.alloc(4);
    if (kind === "lf") hint.write(name.slice(0, 4), "latin1");
    else {
      const hash = [...name.toUpperCase()].reduce(
        (sum, letter) => (Math.imul(sum, 37) + letter.charCodeAt(0)) >>> 0,
        0,
      );
      hint.writeUInt32LE(hash);
    }
    return hint;
  });
  return cells.add(offsets(kind, keys, hints));
}

function addValue(cells: Cells, value: BuiltValue): number {
  const name = nameBytes(value.name);
  const bytes = Buffer.alloc(20 + name.length);
  bytes.write("vk");
  bytes.writeUInt16LE(name.length, 2);
  bytes.writeUInt32LE(value.type, 12);
  bytes.writeUInt16LE(isLatin1(value.name) ? 1 : 0, 16);
  name.copy(bytes, 20);
  const { data } = value;
  bytes.writeUInt32LE(data.length, 4);
  if (data.length <= 4) {
    bytes.writeUInt32LE(data.length + 0x8000_0000, 4);
    data.copy(bytes, 8);
  } else if (data.length <= BIG_SEGMENT) bytes.writeUInt32LE(cells.add(data), 8);
  else {
    const segments: number[] = [];
    for (let at = 0; at < data.length; at += BIG_SEGMENT) segments.push(cells.add(data.subarray(at, at + BIG_SEGMENT)));
    const big = Buffer.alloc(8);
    big.write("db");
    big.writeUInt16LE(segments.length, 2);
    big.writeUInt32LE(cells.add(offsets("", segments).subarray(4)), 4);
    bytes.writeUInt32LE(cells.add(big), 8);
  }
  return cells.add(bytes);
}

function addKey(cells: Cells, key: BuiltKey): number {
  const keys = (key.keys ?? []).map((subkey) => addKey(cells, subkey));
  const names = (key.keys ?? []).map(({ name }) => name);
  const values = (key.values ?? []).map((value) => addValue(cells, value));
  const name = nameBytes(key.name);
  const bytes = Buffer.alloc(76 + name.length);
  bytes.write("nk");
  bytes.writeUInt16LE(isLatin1(key.name) ? 0x20 : 0, 2);
  bytes.writeUInt32LE(keys.length, 20);
  bytes.writeUInt32LE(values.length, 36);
  bytes.writeUInt16LE(name.length, 72);
  name.copy(bytes, 76);
  if (values.length > 0) bytes.writeUInt32LE(cells.add(offsets("", values).subarray(4)), 40);
  if (keys.length > 0 && key.list !== "ri") bytes.writeUInt32LE(list(cells, key.list ?? "lh", names, keys), 28);
  if (keys.length > 0 && key.list === "ri") {
    const half = Math.ceil(keys.length / 2);
    const lists = [
      list(cells, "lf", names.slice(0, half), keys.slice(0, half)),
      list(cells, "li", names.slice(half), keys.slice(half)),
    ];
    bytes.writeUInt32LE(cells.add(offsets("ri", lists)), 28);
  }
  return cells.add(bytes);
}

/** The bytes of a hive with this root key. */
export function buildHive(root: BuiltKey): Buffer {
  const cells = new Cells();
  const at = addKey(cells, root);
  const bins = cells.bytes();
  const base = Buffer.alloc(4096);
  base.write("regf");
  base.writeUInt32LE(7, 4);
  base.writeUInt32LE(7, 8);
  base.writeUInt32LE(1, 20);
  base.writeUInt32LE(5, 24);
  base.writeUInt32LE(1, 32);
  base.writeUInt32LE(at, 36);
  base.writeUInt32LE(bins.length, 40);
  return Buffer.concat([base, bins]);
}

/** The keys along a path, the last with these values and keys. */
export function keyPath(path: string, last: Omit<BuiltKey, "name">): BuiltKey {
  const [name = "", ...rest] = path.split("\\");
  return rest.length === 0 ? { name, ...last } : { name, keys: [keyPath(rest.join("\\"), last)] };
}
