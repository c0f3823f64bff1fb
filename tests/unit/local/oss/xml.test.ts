import fc from "fast-check";
import { childrenOf, childText, parseXml, xmlDocument, xmlElement } from "../../../../local/oss/xml.ts";

describe("XML", () => {
  it("gives back any text that XML can carry", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const carried = text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
        const root = parseXml(xmlDocument("Root", xmlElement("Text", carried)));
        expect(root && childText(root, "Text")).toBe(carried);
      }),
    );
  });

  it("reads repeated elements and character references", () => {
    const root = parseXml('<?xml version="1.0"?>\n<R a="1"> <K>a&#38;&#x26;&lt;b</K><K/></R>');
    expect(root && childrenOf(root, "K").map(({ text }) => text)).toEqual(["a&&<b", ""]);
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["an open element", "<a>"],
    ["a name that reaches for prototypes", "<a><__proto__>x</__proto__></a>"],
    ["two roots", "<a/><b/>"],
    ["a DOCTYPE", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ["a document that nests too deeply", `${"<a>".repeat(20)}${"</a>".repeat(20)}`],
  ])("refuses %s", (_, text) => {
    expect(parseXml(text)).toBeUndefined();
  });

  it("never throws", () => {
    const pieces = fc.array(
      fc.constantFrom("<", ">", "/", "a", "&", ";", "!", "?", '"', "<a>", "</a>", "__proto__", "constructor"),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(() => parseXml(parts.join(""))).not.toThrow();
      }),
    );
  });
});
