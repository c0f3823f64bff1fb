import fc from "fast-check";
import { commaList, integer, items, page, text, values } from "../../../../local/ecs/parameters.ts";
import { canonicalQuery, decodeForm, encodeStrictly } from "../../../../local/ecs/percent-encoding.ts";

const from = (entries: Record<string, string>) => new Map(Object.entries(entries));

describe("reading parameters", () => {
  it("takes an empty value for none", () => {
    expect(text(from({ Status: "" }), "Status")).toBeUndefined();
  });

  it.each([
    ["40", 40],
    ["-1", -1],
    ["4.5", Number.NaN],
    ["1e3", Number.NaN],
    ["9".repeat(400), Number.NaN],
    [undefined, undefined],
  ])("reads %s as %s", (value, expected) => {
    expect(integer(from(value === undefined ? {} : { Size: value }), "Size")).toBe(expected);
  });

  it("groups repeated parameters by number, in order, with gaps", () => {
    const tags = items(
      from({ "Tag.10.Key": "b", "Tag.2.Key": "a", "Tag.2.Value": "1", "Tag.0.Key": "x", Tags: "y" }),
      "Tag",
    );
    expect(tags.map(({ position }) => position)).toEqual([2, 10]);
    expect([...(tags[0]?.fields ?? [])]).toEqual([
      ["Key", "a"],
      ["Value", "1"],
    ]);
    expect(values(from({ "ResourceId.2": "m-2", "ResourceId.1": "m-1" }), "ResourceId")).toEqual(["m-1", "m-2"]);
  });

  it("reads lists with commas, and the JSON array that older clients send", () => {
    expect(commaList(from({ TaskIds: "t-1, t-2" }), "TaskIds")).toEqual(["t-1", "t-2"]);
    expect(commaList(from({ TaskIds: '["t-1","t-2"]' }), "TaskIds")).toEqual(["t-1", "t-2"]);
    expect(commaList(from({}), "TaskIds")).toBeUndefined();
  });

  it.each([
    [{}, { number: 1, size: 10 }],
    [
      { PageNumber: "3", PageSize: "100" },
      { number: 3, size: 100 },
    ],
    [{ PageSize: "101" }, undefined],
    [{ PageNumber: "0" }, undefined],
    [{ PageSize: "many" }, undefined],
  ])("reads the page of %j", (given, expected) => {
    expect(page(from(given))).toEqual(expected);
  });
});

describe("percent-encoding", () => {
  it("escapes everything but unreserved characters", () => {
    expect(encodeStrictly("a b+c!'()*~/平")).toBe("a%20b%2Bc%21%27%28%29%2A~%2F%E5%B9%B3");
  });

  it("refuses a malformed escape", () => {
    expect(decodeForm("a=%zz")).toBeUndefined();
  });

  it("reads back whatever it wrote", () => {
    const unique = fc.dictionary(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(unique, (parameters) => {
        const entries = Object.entries(parameters);
        expect(new Map(decodeForm(canonicalQuery(entries)))).toEqual(new Map(entries));
      }),
    );
  });
});
