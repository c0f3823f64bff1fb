import { MalformedImage } from "../../source/byte-source.ts";

/** A number whose halves of 32 bits ext keeps apart, as it grew from 32 to 64 bits. */
export function joinHalves(low: number, high: number): number {
  const value = high * 2 ** 32 + low;
  if (!Number.isSafeInteger(value)) throw new MalformedImage("A 64-bit number is larger than any size can be.");
  return value;
}
