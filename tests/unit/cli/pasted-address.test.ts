import { pastedAddress } from "../../../cli/pasted-address.ts";

const pasted = (key: string): string => pastedAddress({ bucket: "images", key });

describe("an address to be pasted", () => {
  it.each([
    ["web/a.raw", "oss://images/web/a.raw"],
    ["my web.raw", "'oss://images/my web.raw'"],
    ["it's $(x).raw", `'oss://images/it'\\''s $(x).raw'`],
    ["镜像.raw", "'oss://images/镜像.raw'"],
    ["back\\slash.raw", "'oss://images/back\\slash.raw'"],
  ])("is quoted as a shell wants it: %s", (key, expected) => {
    expect(pasted(key)).toBe(expected);
  });

  it.each([
    ["a\nb.raw", String.raw`$'oss://images/a\012b.raw'`],
    // Three digits, or the 7 would be read as one of them.
    ["a\u00017.raw", String.raw`$'oss://images/a\0017.raw'`],
    ["\u202egnp.raw", String.raw`$'oss://images/\342\200\256gnp.raw'`],
    ["it's\\\t.raw", String.raw`$'oss://images/it\'s\\\011.raw'`],
  ])("means the very key where it cannot be shown: %j", (key, expected) => {
    expect(pasted(key)).toBe(expected);
  });
});
