/** What a `Range` header comes to: the whole object, a part of it (both ends inclusive), or nothing that exists. */
type ResolvedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

const whole: ResolvedRange = { kind: "whole" };

/**
 * The range rule of OSS (GetObject reference): a range that does not lie wholly inside the object is ignored, and the
 * whole object is answered with status 200. With `x-oss-range-behavior: standard` an end past the object is cut off,
 * and a start past it is 416 InvalidRange. Several ranges, other units and malformed headers are always ignored.
 */
export const resolveRange = (header: string | undefined, sizeInBytes: number, isStandard: boolean): ResolvedRange => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (match === null) return whole;
  const [first = "", last = ""] = match.slice(1);
  if (first === "" && last === "") return whole;
  if (first === "") return resolveSuffix(Number(last), sizeInBytes, isStandard);
  const start = Number(first);
  const end = last === "" ? sizeInBytes - 1 : Number(last);
  if (last !== "" && start > end) return whole;
  if (start >= sizeInBytes) return isStandard ? { kind: "unsatisfiable" } : whole;
  if (end < sizeInBytes) return { kind: "part", start, end };
  return isStandard ? { kind: "part", start, end: sizeInBytes - 1 } : whole;
};

const resolveSuffix = (length: number, sizeInBytes: number, isStandard: boolean): ResolvedRange => {
  if (length === 0 || sizeInBytes === 0) return isStandard ? { kind: "unsatisfiable" } : whole;
  if (length <= sizeInBytes) return { kind: "part", start: sizeInBytes - length, end: sizeInBytes - 1 };
  return isStandard ? { kind: "part", start: 0, end: sizeInBytes - 1 } : whole;
};
